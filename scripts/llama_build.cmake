# Read by CMake when llama-cpp-python is compiled (see the Makefile): leaves out what the Python package
# never loads. llama.cpp's `llama-common` serves its own command-line programs and is half of the compile
# time; its install rule wants the file to exist, so it is built from one empty source.
function(stesim_leave_out_common)
    if(NOT TARGET llama-common)
        return()
    endif()
    file(WRITE "${CMAKE_BINARY_DIR}/nothing.cpp" "")
    set_target_properties(llama-common PROPERTIES
        SOURCES "${CMAKE_BINARY_DIR}/nothing.cpp" LINK_LIBRARIES "" INTERFACE_LINK_LIBRARIES "")
    foreach(helper llama-common-base cpp-httplib)
        if(TARGET ${helper})
            set_target_properties(${helper} PROPERTIES EXCLUDE_FROM_ALL TRUE)
        endif()
    endforeach()
endfunction()
cmake_language(DEFER CALL stesim_leave_out_common)
