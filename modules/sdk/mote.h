/* Mote's guest ABI, version 0, for modules in C: the same as runtime/abi/README.md, which is the
 * reference. A module exports `run` and its memory:
 *
 *     #include "mote.h"
 *     MOTE_ENTRY int run(void) {
 *         int32_t log = mote_capability_open("log", 3);
 *         return mote_log_write(log, MOTE_LOG_INFO, "hello", 5) < 0;
 *     }
 *
 *     clang --target=wasm32 -Os -nostdlib -Wl,--no-entry -Wl,--strip-all -o hello.wasm hello.c
 *
 * Every function answers at least 0 where it succeeded and minus an error code where it did not.
 */
#ifndef MOTE_H
#define MOTE_H

#include <stdint.h>

#define MOTE_ABI_VERSION 0
#define MOTE_NAME_MAX_BYTES 32
#define MOTE_LOG_MESSAGE_MAX_BYTES 256

#define MOTE_ENTRY __attribute__((export_name("run")))
#define MOTE_IMPORT(name) __attribute__((import_module("mote_v0"), import_name(name)))

/* A handle is a positive number; treat it as opaque. */

/* Gives the handle of a capability, by its name in the manifest. */
MOTE_IMPORT("capability.open")
int32_t mote_capability_open(const char *name, uint32_t length);

/* Gives a handle back. Its number is never valid again. */
MOTE_IMPORT("capability.close")
int32_t mote_capability_close(int32_t handle);

/* Drives an output low (0) or high (1). */
MOTE_IMPORT("gpio.write")
int32_t mote_gpio_write(int32_t handle, int32_t level);

/* Samples an input, or reads back an output: 0 or 1. */
MOTE_IMPORT("gpio.read")
int32_t mote_gpio_read(int32_t handle);

/* Microseconds since the board started; never goes back. */
MOTE_IMPORT("clock.now_us")
int64_t mote_clock_now_us(int32_t handle);

/* Waits for so many microseconds at least. */
MOTE_IMPORT("clock.sleep_us")
int32_t mote_clock_sleep_us(int32_t handle, int64_t duration_us);

/* Waits until the clock shows that. */
MOTE_IMPORT("clock.sleep_until_us")
int32_t mote_clock_sleep_until_us(int32_t handle, int64_t deadline_us);

/* Writes a message of UTF-8. */
MOTE_IMPORT("log.write")
int32_t mote_log_write(int32_t handle, int32_t level, const char *message, uint32_t length);

/* The next event, as number * 2^32 + subject; 0 where none came in that time. A timeout less than
 * 0 waits for ever. */
MOTE_IMPORT("event.next")
int64_t mote_event_next(int64_t timeout_us);

/* Error codes: an answer is minus one of these. */
#define MOTE_ERROR_INVALID_HANDLE 1
#define MOTE_ERROR_REVOKED 2
#define MOTE_ERROR_WRONG_INTERFACE 3
#define MOTE_ERROR_NOT_PERMITTED 4
#define MOTE_ERROR_NOT_FOUND 5
#define MOTE_ERROR_DENIED 6
#define MOTE_ERROR_INVALID_ARGUMENT 7
#define MOTE_ERROR_DEVICE 8

/* Log levels. */
#define MOTE_LOG_ERROR 1
#define MOTE_LOG_WARN 2
#define MOTE_LOG_INFO 3
#define MOTE_LOG_DEBUG 4
#define MOTE_LOG_TRACE 5

/* Events: the upper half of an answer of mote_event_next. */
#define MOTE_EVENT_CAPABILITY_REVOKED 1
#define MOTE_EVENT_STOP_REQUESTED 2
#define MOTE_EVENT_EVENTS_LOST 3

#endif
