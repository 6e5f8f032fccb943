;; An LED follows a button, looked at every 100 ms, until the host asks the module to stop.
;; Written by hand, against runtime/abi/README.md alone.
(module
  (import "mote_v0" "capability.open" (func $open (param i32 i32) (result i32)))
  (import "mote_v0" "gpio.read" (func $read (param i32) (result i32)))
  (import "mote_v0" "gpio.write" (func $write (param i32 i32) (result i32)))
  (import "mote_v0" "event.next" (func $next_event (param i64) (result i64)))

  ;; 9 bytes of memory: the names of the two capabilities.
  (memory (export "memory") 9 (pagesize 1))
  (data (i32.const 0) "button")
  (data (i32.const 6) "led")

  (func (export "run") (result i32)
    (local $button i32) (local $led i32) (local $level i32) (local $shown i32)
    (if (i32.lt_s (local.tee $button (call $open (i32.const 0) (i32.const 6))) (i32.const 0))
      (then (return (i32.sub (i32.const 0) (local.get $button)))))
    (if (i32.lt_s (local.tee $led (call $open (i32.const 6) (i32.const 3))) (i32.const 0))
      (then (return (i32.sub (i32.const 0) (local.get $led)))))
    (loop $look
      (if (i32.lt_s (local.tee $level (call $read (local.get $button))) (i32.const 0))
        (then (return (i32.sub (i32.const 0) (local.get $level)))))
      (if (i32.ne (local.get $level) (local.get $shown))
        (then
          (drop (call $write (local.get $led) (local.get $level)))
          (local.set $shown (local.get $level))))
      ;; An event's number is in the upper half; 2 is STOP_REQUESTED.
      (br_if $look (i64.ne (i64.const 2)
        (i64.shr_u (call $next_event (i64.const 100000)) (i64.const 32)))))
    (i32.const 0)))
