hornfels convert early_warning.h5 a.h5 -q --threads 1 && hornfels convert early_warning.h5 b.h5 -q --threads 3 --strategy mapped --sync always && cmp a.h5 b.h5
exit: 0
