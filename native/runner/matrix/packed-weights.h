// Weights in the order in which the kernels read them: a buffer type of ggml's CPU backend, as its own repacked weights
// are.
//
// Owns: nothing; ggml owns buffers, the model its tensors. May change them: the loader, once, tensor by tensor.
// Layout of a tensor of n columns of k numbers (ggml's rows): n / 16 panels, each of k / 32 blocks; a block has its
// quants, fifth bits where there are such, the f16 scales of its columns, and minimums where there are such. As many
// bytes as before.
#pragma once

struct llama_model;
typedef struct ggml_backend_buffer_type * ggml_backend_buffer_type_t;

namespace banyan {

struct MatrixKernel;

/**
 * Offers the buffer type to llama.cpp's loader for weights of Q8_0, Q4_1, Q5_0 and Q5_1, behind those of matrix
 * instructions (AMX), and asks for huge pages for all weights that have an order of their own, ggml's too. Once, before
 * the first model is loaded; without a kernel of this machine weights stay in ggml's orders.
 */
void install_packed_weights();

/** The buffer type, computed on by this kernel; made once a kernel. */
ggml_backend_buffer_type_t packed_weights(const MatrixKernel & kernel);

/** True if weights of it are in an order of ggml's own (not ours, not the file's). */
bool has_other_orders(const llama_model & model);

}  // namespace banyan
