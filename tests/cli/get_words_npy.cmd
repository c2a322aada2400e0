hornfels get kinds.h5 a/b/words --npy | od -An -c | tail -n 2
exit: 0
