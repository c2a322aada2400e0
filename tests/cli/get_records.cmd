hornfels get chunked.h5 records
exit: 0
