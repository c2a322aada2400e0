hornfels convert emotions.h5 served && find served | LC_ALL=C sort
exit: 0
