// Weights in the order in which the kernels read them: a buffer type of ggml's CPU backend, as its own repacked weights
// are.
//
// Owns: nothing; ggml owns buffers, the model its tensors. May change them: the loader, once, tensor by tensor.
// Layout of a tensor of n columns of k numbers (ggml's rows): n / 16 panels, each of k / 32 blocks; a block has its
// quants, further bits where there are such, the scales of its columns, and minimums where there are such. Of Q4_K,
// Q5_K and Q6_K eight blocks are a group, before which the f16 factors of their scales lie. As many bytes as before,
// but 1/36 more for Q4_K and 1/44 for Q5_K, whose scales have a byte each here.
#pragma once

struct llama_model;
typedef struct ggml_backend_buffer_type * ggml_backend_buffer_type_t;

namespace banyan {

struct MatrixKernel;

/**
 * Offers the buffer type to llama.cpp's loader for weights of the types of PanelType, behind those of matrix
 * instructions (AMX) and before ggml's own repacked ones, and asks for huge pages for all weights that have an order of
 * their own, ggml's too. Once, before the first model is loaded; without a kernel of this machine weights stay in
 * ggml's orders.
 */
void install_packed_weights();

/** The buffer type, computed on by this kernel; made once a kernel. */
ggml_backend_buffer_type_t packed_weights(const MatrixKernel & kernel);

/** True if weights of it are in an order of ggml's own (not ours, not the file's). */
bool has_other_orders(const llama_model & model);

}  // namespace banyan
