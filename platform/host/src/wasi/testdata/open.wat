;; open PATH FLAGS: opens a path in the first directory and prints what it reads there.
;;
;; FLAGS is one character: "r" to read, "w" to create and write, "a" to append, "t" to write and truncate,
;; "d" to open as a directory and then read the file "secret" above it, "l" to make a symbolic link
;; "made" to PATH and read through it, "u" to remove the file, "m" to create a directory, "s" to
;; open for reading and then set the size to 0, "x" to open for reading and then set its times.
;; Exits with the error number of what failed, 0 where nothing did.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink"
    (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size"
    (func $fd_filestat_set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_times"
    (func $fd_filestat_set_times (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "made")
  (data (i32.const 80) "../secret")
  (data (i32.const 96) "written\n")
  (func $length (param $text i32) (result i32) (local $end i32)
    (local.set $end (local.get $text))
    (loop $next
      (if (i32.load8_u (local.get $end))
        (then
          (local.set $end (i32.add (local.get $end) (i32.const 1)))
          (br $next))))
    (i32.sub (local.get $end) (local.get $text)))
  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (local.get $errno)))))
  ;; rights: 2 to read, 64 to write; oflags: 1 create, 2 directory, 8 truncate; fdflags: 1 append
  (func $open (param $directory i32) (param $path i32) (param $length i32) (param $oflags i32)
      (param $rights i64) (param $fdflags i32) (result i32)
    (call $check
      (call $path_open (local.get $directory) (i32.const 1) (local.get $path) (local.get $length)
        (local.get $oflags) (local.get $rights) (i64.const 2) (local.get $fdflags) (i32.const 0)))
    (i32.load (i32.const 0)))
  (func $copy (param $file i32)
    (i32.store (i32.const 8) (i32.const 8192))
    (i32.store (i32.const 12) (i32.const 4096))
    (call $check (call $fd_read (local.get $file) (i32.const 8) (i32.const 1) (i32.const 16)))
    (i32.store (i32.const 12) (i32.load (i32.const 16)))
    (call $check (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))))
  (func $write (param $file i32)
    (i32.store (i32.const 8) (i32.const 96))
    (i32.store (i32.const 12) (i32.const 8))
    (call $check (call $fd_write (local.get $file) (i32.const 8) (i32.const 1) (i32.const 16))))
  (func (export "_start") (local $path i32) (local $length i32) (local $flag i32)
    (call $check (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (call $check (call $args_get (i32.const 1024) (i32.const 4096)))
    (local.set $path (i32.load (i32.const 1028)))
    (local.set $length (call $length (local.get $path)))
    (local.set $flag (i32.load8_u (i32.load (i32.const 1032))))
    (if (i32.eq (local.get $flag) (i32.const 114)) ;; r
      (then (call $copy (call $open (i32.const 3) (local.get $path) (local.get $length)
        (i32.const 0) (i64.const 2) (i32.const 0)))))
    (if (i32.eq (local.get $flag) (i32.const 119)) ;; w
      (then (call $write (call $open (i32.const 3) (local.get $path) (local.get $length)
        (i32.const 1) (i64.const 64) (i32.const 0)))))
    (if (i32.eq (local.get $flag) (i32.const 97)) ;; a
      (then (call $write (call $open (i32.const 3) (local.get $path) (local.get $length)
        (i32.const 0) (i64.const 66) (i32.const 1)))))
    (if (i32.eq (local.get $flag) (i32.const 116)) ;; t
      (then (drop (call $open (i32.const 3) (local.get $path) (local.get $length)
        (i32.const 8) (i64.const 66) (i32.const 0)))))
    (if (i32.eq (local.get $flag) (i32.const 100)) ;; d
      (then (call $copy (call $open
        (call $open (i32.const 3) (local.get $path) (local.get $length)
          (i32.const 2) (i64.const 2) (i32.const 0))
        (i32.const 80) (i32.const 9) (i32.const 0) (i64.const 2) (i32.const 0)))))
    (if (i32.eq (local.get $flag) (i32.const 108)) ;; l
      (then
        (call $check (call $path_symlink (local.get $path) (local.get $length)
          (i32.const 3) (i32.const 64) (i32.const 4)))
        (call $copy (call $open (i32.const 3) (i32.const 64) (i32.const 4)
          (i32.const 0) (i64.const 2) (i32.const 0)))))
    (if (i32.eq (local.get $flag) (i32.const 117)) ;; u
      (then (call $check
        (call $path_unlink_file (i32.const 3) (local.get $path) (local.get $length)))))
    (if (i32.eq (local.get $flag) (i32.const 109)) ;; m
      (then (call $check
        (call $path_create_directory (i32.const 3) (local.get $path) (local.get $length)))))
    (if (i32.eq (local.get $flag) (i32.const 115)) ;; s
      (then (call $check (call $fd_filestat_set_size
        (call $open (i32.const 3) (local.get $path) (local.get $length)
          (i32.const 0) (i64.const 2) (i32.const 0))
        (i64.const 0)))))
    (if (i32.eq (local.get $flag) (i32.const 120)) ;; x
      (then (call $check (call $fd_filestat_set_times
        (call $open (i32.const 3) (local.get $path) (local.get $length)
          (i32.const 0) (i64.const 2) (i32.const 0))
        (i64.const 0) (i64.const 0) (i32.const 5)))))))
