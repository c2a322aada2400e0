hornfels get bundle/partitioned scope/axis1
exit: 0
