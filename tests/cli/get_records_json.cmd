hornfels get chunked.h5 records --json
exit: 0
