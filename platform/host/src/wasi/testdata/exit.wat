;; Exits with the number of its arguments, its name not counted, plus 0xfffffff0 where that is 3.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $count i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (local.set $count (i32.sub (i32.load (i32.const 0)) (i32.const 1)))
    (if (i32.eq (local.get $count) (i32.const 3))
      (then (call $proc_exit (i32.const 0xfffffff3))))
    (call $proc_exit (local.get $count))))
