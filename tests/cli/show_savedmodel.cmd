hornfels convert emotions.h5 m -q && hornfels show m | sed 's,^Hashes: .*,Hashes:     …,'
exit: 0
