# Where a sanitizer or valgrind watches: proof that it is at work, also inside the library. Everything else takes longer.

c_program(misuse LIBRARY kmsramcred STANDARD c_std_11 SOURCES misuse.c)
function(misuse_is_seen mistake words)
  add_test(NAME watched_${mistake} COMMAND ${KMSRAMCRED_TEST_LAUNCHER} "$<TARGET_FILE:misuse>" ${mistake})
  set_tests_properties(watched_${mistake} PROPERTIES PASS_REGULAR_EXPRESSION "${words}"
    ENVIRONMENT TSAN_OPTIONS=halt_on_error=1) # a race may well end in a crash
endfunction()
# In a child that was forked beside other threads the runtimes of gcc's sanitizers fail by themselves: the allocator of one
# stays locked, and the other ends the child when it starts a thread ("dup thread").
set_tests_properties(it_storm PROPERTIES ENVIRONMENT STORM_FORKS=0)
# A child leaves its parent's locks, threads and connections behind, and that is meant so: no leaks are looked for.
set_tests_properties(it_process_end PROPERTIES ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0;VALGRIND_OPTS=--leak-check=no")
if(KMSRAMCRED_SANITIZE STREQUAL "address")
  misuse_is_seen(freed "AddressSanitizer: heap-use-after-free.*READ of size.*bindings/c/src/error.rs")
  misuse_is_seen(forgotten "LeakSanitizer: detected memory leaks.*bindings/c/src")
  misuse_is_seen(overflow "runtime error: signed integer overflow")
elseif(KMSRAMCRED_SANITIZE STREQUAL "thread")
  misuse_is_seen(race "ThreadSanitizer: data race.*kmsramcred/src/config")
else()
  misuse_is_seen(freed "Invalid read of size")
  misuse_is_seen(forgotten "definitely lost")
endif()
get_property(tests DIRECTORY PROPERTY TESTS)
set_tests_properties(${tests} PROPERTIES TIMEOUT 1800)
