hornfels convert - - < early_warning.h5 > out.h5 && hornfels convert early_warning.h5 two.h5 -q && cmp out.h5 two.h5
exit: 0
