hornfels get kinds.h5 floats -o floats.npy && wc -c < floats.npy && hornfels get kinds.h5 flags -o floats.npy
exit: 2
