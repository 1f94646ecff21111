# Tests of native/store: native/test/store/*-test.cpp, with the helpers beside them. They need no model:
# ENGINE_LLAMA=OFF builds and runs them in seconds, under a sanitizer too.
banyan_tests(store banyan-store)
