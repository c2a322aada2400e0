hornfels get kinds.h5 floats -o x.npy && hornfels get kinds.h5 long -o x.npy --force && wc -c < x.npy && ls -A | grep -c hornfels-
exit: 1
