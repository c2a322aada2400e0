hornfels convert emotions.h5 m -q --no-optimizer && hornfels convert m again.h5 && hornfels show again.h5 | tail -4 && hornfels convert m m2 -q && cmp m/saved_model.pb m2/saved_model.pb
exit: 0
