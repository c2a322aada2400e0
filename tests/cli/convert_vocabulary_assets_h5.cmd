hornfels convert emotions.h5 out.h5 --vocabulary-assets
exit: 2
