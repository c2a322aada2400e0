echo old > out.h5; hornfels convert early_warning.h5 out.h5 --force --quiet && hornfels convert out.h5 again.h5 --quiet && cmp out.h5 again.h5
exit: 0
