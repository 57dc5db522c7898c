"""The kernel lab: how loops meet a cache, and how blocks of threads meet memory.

Reading order for loops: `cache`, `recording`, `nests`, `loop_figure`, `loops`. Reading order for
GPU kernels: `problems`, `memory`, `device`, `source`, `races`, `warps`, `simulator`, `c_types`,
`c_expressions`, `c_inference`, `cuda`, `gpu`, `block_figure`, `blocks`.
"""
