//! The instruction set: one row for each instruction, and nothing about it anywhere else.
//!
//! A row is `class name [operands] (meaning);`. Encoder, decoder, disassembler and verifier read
//! the operands; the engine expands the meaning, as it stands here, into the handler. So an
//! instruction is added, and found, in one line. The file is long because the set is.
//!
//! **Names** end in where the operands are: `s` a slot, `k` the accumulator, `b`, `h`, `u`, `w` an
//! immediate of 8, 16, 16 (unsigned) or 32 bits, `p` two slots that hold 64 bits. Then follows
//! `_d` or `_q` if the result goes to a slot or to two. `add_kh_d`: accumulator plus 16-bit
//! immediate, to a slot.
//!
//! **Classes** say what becomes of the meaning:
//!
//! | class | the meaning is | what happens |
//! | --- | --- | --- |
//! | `value` | a `u32` | goes to the accumulator, and to `d` if there is one |
//! | `wide` | a `u64` | goes to the two slots `d`; the accumulator stays |
//! | `store` | an action | it happens; the accumulator stays |
//! | `branch` | a condition | goes ahead to `t` if it holds |
//! | `again` | a condition | if it holds charges `c` and goes back to `t` |
//! | `count` | the next `x`, a condition | `v = x`; if it holds charges `c` and goes back to `t` |
//! | `slow`, `slow_wide` | as `value`, `wide` | out of the loop, for it takes a call |
//! | `float`, `float_slow`, `float_slow_wide`, `float_branch` | as their namesakes | engines without floats lack them |
//! | `special` | a sentence | the engine spells it out |
//!
//! **Operands** are `name kind`, in the order of their bytes: see [`Kind`](crate::Kind). All names
//! in a meaning are operands, or functions and macros of whoever expands it.
//!
//! The number of an instruction is its place in the list, and part of the format: see the
//! README's Stability section.

/// Calls a macro with the whole table.
#[macro_export]
macro_rules! for_each_instruction {
    ($callback:ident) => {
        $callback! {

            // Control. `halt` is where a call from outside returns to.
            special unreachable [] ("traps");
            special halt [] ("the call from outside is over");
            special jump [t T] ("goes to t");
            special jump_far [t Tf] ("goes to t");
            special jump_back [c C, t R] ("charges c, goes to t");
            special jump_back_far [c Z, t Rf] ("charges c, goes to t");
            special switch [a S, n U] ("goes to entry min(a, n) of the n + 1 halfword targets that follow");
            special switch_far [a S, n W] ("goes to entry min(a, n) of the n + 1 word targets that follow");
            special call [f N, a A] ("calls function f; its frame begins at slot a");
            special call_indirect [i S, j J, y Y, a A] ("calls entry i of table j, of type y; its frame begins at slot a");
            special call_import [f I, a A] ("asks the host to call import f; arguments and results are at slot a");
            special return_k [acc K, l L] ("returns, the result is in acc");
            special return_s [a S, l L] ("returns, acc = a");
            special return_h [a H, l L] ("returns, acc = a");
            special return_many [l L, n W, a F] ("copies n slots from a to the first ones and returns");

            // Moves. They leave acc as it is, but for `get` and `const`.
            special move_s_d [a S, d D] ("d = a");
            special move_2 [a S, d D, b S, e D] ("d = a, then e = b");
            special move_4 [a S, d D, b S, e D, f S, g D, h S, i D] ("d = a, then e = b, then g = f, then i = h");
            special move_p_q [a P, d Q] ("d = a");
            special move_h_d [d D, a H] ("d = a");
            special move_w_d [d D, a W] ("d = a");
            special move_h_q [d Q, a H] ("d = a, sign extended");
            special move_w_q [d Q, a W, b W] ("d = a, b the high word");
            special keep_d [acc K, d D] ("d = acc");
            special far_get [d D, a F] ("d = a");
            special far_set [a S, d O] ("d = a");
            special zero [n B, d D] ("n slots from d on are 0");
            special far_zero [n W, d O] ("n slots from d on are 0");
            value get_s [a S] (a);
            value const_h [a H] (a);
            value const_w [a W] (a);
            special global_get_d [d D, g G] ("acc = d = g");
            special global_get [g G] ("acc = g");
            special global_set_s [a S, g G] ("g = a");
            special global_set_k [acc K, g G] ("g = acc");

            // Memory and tables as a whole. Operands of bulk operations are used up: they keep what is left to do.
            special memory_size [d D] ("d = pages");
            special memory_grow [v V] ("v = pages before it grew by v, or -1");
            special memory_copy [a S3] ("copies bytes: to a, from the next, so many as the third");
            special memory_fill [a S3] ("fills bytes: from a on, with the next, so many as the third");
            special memory_init [a S3, x X] ("copies bytes of data segment x: to a, from the next, so many as the third");
            special data_drop [x X] ("data segment x is given up");
            special table_get [a S, d D, j J] ("d = entry a of table j");
            special table_set [a S, b S, j J] ("entry a of table j = b");
            special table_size [d D, j J] ("d = entries of table j");
            special table_grow [a S2, j J] ("a = entries before table j grew by the next with a, or -1");
            special table_copy [a S3, j J, k J] ("copies entries to table j from table k: to a, from the next, so many as the third");
            special table_fill [a S3, j J] ("fills entries of table j: from a on, with the next, so many as the third");
            special table_init [a S3, j J, x E] ("copies element segment x to table j: to a, from the next, so many as the third");
            special element_drop [x E] ("element segment x is given up");

            // 32-bit integers.
            value add_ss_d [a S, b S, d D] (a.wrapping_add(b));
            value add_ss [a S, b S] (a.wrapping_add(b));
            value add_sh_d [a S, d D, b H] (a.wrapping_add(b));
            value add_sh [a S, b H] (a.wrapping_add(b));
            value add_ks_d [a K, b S, d D] (a.wrapping_add(b));
            value add_ks [a K, b S] (a.wrapping_add(b));
            value add_kh_d [a K, d D, b H] (a.wrapping_add(b));
            value add_kh [a K, b H] (a.wrapping_add(b));
            value add_kw_d [a K, d D, b W] (a.wrapping_add(b));
            value add_kw [a K, b W] (a.wrapping_add(b));
            value add_v_h [v V, b H] (v.wrapping_add(b));
            value add_v_s [v V, b S] (v.wrapping_add(b));
            value add_v_k [b K, v V] (v.wrapping_add(b));
            value xor_v_k [b K, v V] (v ^ b);
            value or_v_k [b K, v V] (v | b);
            value sub_ss_d [a S, b S, d D] (a.wrapping_sub(b));
            value sub_ss [a S, b S] (a.wrapping_sub(b));
            value sub_ks_d [a K, b S, d D] (a.wrapping_sub(b));
            value sub_ks [a K, b S] (a.wrapping_sub(b));
            value sub_sk_d [b K, a S, d D] (a.wrapping_sub(b));
            value sub_sk [b K, a S] (a.wrapping_sub(b));
            value sub_hs_d [b S, d D, a H] (a.wrapping_sub(b));
            value sub_hs [b S, a H] (a.wrapping_sub(b));
            value sub_hk_d [b K, d D, a H] (a.wrapping_sub(b));
            value sub_hk [b K, a H] (a.wrapping_sub(b));
            value mul_ss_d [a S, b S, d D] (a.wrapping_mul(b));
            value mul_ss [a S, b S] (a.wrapping_mul(b));
            value mul_sh_d [a S, d D, b H] (a.wrapping_mul(b));
            value mul_sh [a S, b H] (a.wrapping_mul(b));
            value mul_ks_d [a K, b S, d D] (a.wrapping_mul(b));
            value mul_ks [a K, b S] (a.wrapping_mul(b));
            value mul_kh_d [a K, d D, b H] (a.wrapping_mul(b));
            value mul_kh [a K, b H] (a.wrapping_mul(b));
            value mul_sw_d [a S, d D, b W] (a.wrapping_mul(b));
            value mul_sw [a S, b W] (a.wrapping_mul(b));
            value mul_kw_d [a K, d D, b W] (a.wrapping_mul(b));
            value mul_kw [a K, b W] (a.wrapping_mul(b));
            value and_ss_d [a S, b S, d D] (a & b);
            value and_ss [a S, b S] (a & b);
            value and_sh_d [a S, d D, b H] (a & b);
            value and_sh [a S, b H] (a & b);
            value and_ks_d [a K, b S, d D] (a & b);
            value and_ks [a K, b S] (a & b);
            value and_kh_d [a K, d D, b H] (a & b);
            value and_kh [a K, b H] (a & b);
            value and_kw_d [a K, d D, b W] (a & b);
            value and_kw [a K, b W] (a & b);
            value and_sw [a S, b W] (a & b);
            value or_ss_d [a S, b S, d D] (a | b);
            value or_ss [a S, b S] (a | b);
            value or_sh_d [a S, d D, b H] (a | b);
            value or_sh [a S, b H] (a | b);
            value or_ks_d [a K, b S, d D] (a | b);
            value or_ks [a K, b S] (a | b);
            value or_kh_d [a K, d D, b H] (a | b);
            value or_kh [a K, b H] (a | b);
            value xor_ss_d [a S, b S, d D] (a ^ b);
            value xor_ss [a S, b S] (a ^ b);
            value xor_sh_d [a S, d D, b H] (a ^ b);
            value xor_sh [a S, b H] (a ^ b);
            value xor_ks_d [a K, b S, d D] (a ^ b);
            value xor_ks [a K, b S] (a ^ b);
            value xor_kh_d [a K, d D, b H] (a ^ b);
            value xor_kh [a K, b H] (a ^ b);
            value xor_kw_d [a K, d D, b W] (a ^ b);
            value xor_kw [a K, b W] (a ^ b);
            value shl_sb_d [a S, b M, d D] (a << b);
            value shl_sb [a S, b M] (a << b);
            value shl_kb_d [a K, b M, d D] (a << b);
            value shl_kb [a K, b M] (a << b);
            value shl_ss_d [a S, b S, d D] (a.wrapping_shl(b));
            value shl_sk [b K, a S] (a.wrapping_shl(b));
            value shl_ks [a K, b S] (a.wrapping_shl(b));
            value shr_u_sb_d [a S, b M, d D] (a >> b);
            value shr_u_sb [a S, b M] (a >> b);
            value shr_u_kb_d [a K, b M, d D] (a >> b);
            value shr_u_kb [a K, b M] (a >> b);
            value shr_u_ss_d [a S, b S, d D] (a.wrapping_shr(b));
            value shr_u_sk [b K, a S] (a.wrapping_shr(b));
            value shr_u_ks [a K, b S] (a.wrapping_shr(b));
            value shr_s_sb_d [a S, b M, d D] ((a.cast_signed() >> b).cast_unsigned());
            value shr_s_sb [a S, b M] ((a.cast_signed() >> b).cast_unsigned());
            value shr_s_kb_d [a K, b M, d D] ((a.cast_signed() >> b).cast_unsigned());
            value shr_s_kb [a K, b M] ((a.cast_signed() >> b).cast_unsigned());
            value shr_s_ss_d [a S, b S, d D] (a.cast_signed().wrapping_shr(b).cast_unsigned());
            value shr_s_sk [b K, a S] (a.cast_signed().wrapping_shr(b).cast_unsigned());
            value shr_s_ks [a K, b S] (a.cast_signed().wrapping_shr(b).cast_unsigned());
            value rotr_sb_d [a S, b M, d D] (a.rotate_right(b));
            value rotr_kb_d [a K, b M, d D] (a.rotate_right(b));
            value rotr_ss_d [a S, b S, d D] (a.rotate_right(b & 31));
            value xor_shl_ksb_d [a K, b S, c M, d D] (a ^ (b << c));
            value xor_shl_ksb [a K, b S, c M] (a ^ (b << c));
            value xor_shr_u_ksb_d [a K, b S, c M, d D] (a ^ (b >> c));
            value xor_shr_u_ksb [a K, b S, c M] (a ^ (b >> c));
            value xor_rotr_ksb_d [a K, b S, c M, d D] (a ^ b.rotate_right(c));
            value xor_rotr_ksb [a K, b S, c M] (a ^ b.rotate_right(c));
            value or_shl_ksb_d [a K, b S, c M, d D] (a | (b << c));
            value or_shl_ksb [a K, b S, c M] (a | (b << c));
            value add_shl_ksb_d [a K, b S, c M, d D] (a.wrapping_add(b << c));
            value add_shl_ksb [a K, b S, c M] (a.wrapping_add(b << c));
            value rotl_ss_d [a S, b S, d D] (a.rotate_left(b & 31));
            value eq_ss_d [a S, b S, d D] (u32::from(a == b));
            value eq_sh_d [a S, d D, b H] (u32::from(a == b));
            value ne_ss_d [a S, b S, d D] (u32::from(a != b));
            value ne_sh_d [a S, d D, b H] (u32::from(a != b));
            value lt_s_ss_d [a S, b S, d D] (u32::from(a.cast_signed() < b.cast_signed()));
            value lt_s_sh_d [a S, d D, b H] (u32::from(a.cast_signed() < b.cast_signed()));
            value lt_u_ss_d [a S, b S, d D] (u32::from(a < b));
            value lt_u_sh_d [a S, d D, b H] (u32::from(a < b));
            value ge_s_ss_d [a S, b S, d D] (u32::from(a.cast_signed() >= b.cast_signed()));
            value ge_s_sh_d [a S, d D, b H] (u32::from(a.cast_signed() >= b.cast_signed()));
            value ge_u_ss_d [a S, b S, d D] (u32::from(a >= b));
            value ge_u_sh_d [a S, d D, b H] (u32::from(a >= b));
            value clz_s_d [a S, d D] (a.leading_zeros());
            value ctz_s_d [a S, d D] (a.trailing_zeros());
            value extend_8_s_d [a S, d D] (extend_8(a));
            value extend_16_s_d [a S, d D] (extend_16(a));
            value div_s_ss_d [a S, b S, d D] (div_s!(a, b));
            value div_s_sh_d [a S, d D, b H] (div_s!(a, b));
            value div_u_ss_d [a S, b S, d D] (div_u!(a, b));
            value div_u_sh_d [a S, d D, b H] (div_u!(a, b));
            value rem_s_ss_d [a S, b S, d D] (rem_s!(a, b));
            value rem_s_sh_d [a S, d D, b H] (rem_s!(a, b));
            value rem_u_ss_d [a S, b S, d D] (rem_u!(a, b));
            value rem_u_sh_d [a S, d D, b H] (rem_u!(a, b));
            value select_sss_d [a S, b S, c S, d D] (if c == 0 { b } else { a });
            value select_ssk_d [c K, a S, b S, d D] (if c == 0 { b } else { a });
            value select_kss_d [a K, b S, c S, d D] (if c == 0 { b } else { a });
            value select_sks_d [b K, a S, c S, d D] (if c == 0 { b } else { a });

            // Loads. `u` is added to the address without wrapping, `h` wraps around as an addition does.
            value load_u8_su_d [a S, d D, u U] (load_u8!(at!(a, u)));
            value load_u8_su [a S, u U] (load_u8!(at!(a, u)));
            value load_u8_ku_d [a K, d D, u U] (load_u8!(at!(a, u)));
            value load_u8_ku [a K, u U] (load_u8!(at!(a, u)));
            value load_u8_sh_d [a S, d D, h H] (load_u8!(a.wrapping_add(h)));
            value load_u8_sh [a S, h H] (load_u8!(a.wrapping_add(h)));
            value load_u8_kh_d [a K, d D, h H] (load_u8!(a.wrapping_add(h)));
            value load_u8_kh [a K, h H] (load_u8!(a.wrapping_add(h)));
            value load_u8_ssh_d [a S, b S, d D, h H] (load_u8!(a.wrapping_add(b).wrapping_add(h)));
            value load_u8_ssh [a S, b S, h H] (load_u8!(a.wrapping_add(b).wrapping_add(h)));
            value load_u8_ksh_d [a K, b S, d D, h H] (load_u8!(a.wrapping_add(b).wrapping_add(h)));
            value load_u8_ksh [a K, b S, h H] (load_u8!(a.wrapping_add(b).wrapping_add(h)));
            value load_i8_su_d [a S, d D, u U] (load_i8!(at!(a, u)));
            value load_i8_su [a S, u U] (load_i8!(at!(a, u)));
            value load_i8_ku_d [a K, d D, u U] (load_i8!(at!(a, u)));
            value load_i8_ku [a K, u U] (load_i8!(at!(a, u)));
            value load_u16_su_d [a S, d D, u U] (load_u16!(at!(a, u)));
            value load_u16_su [a S, u U] (load_u16!(at!(a, u)));
            value load_u16_ku_d [a K, d D, u U] (load_u16!(at!(a, u)));
            value load_u16_ku [a K, u U] (load_u16!(at!(a, u)));
            value load_u16_sh_d [a S, d D, h H] (load_u16!(a.wrapping_add(h)));
            value load_u16_sh [a S, h H] (load_u16!(a.wrapping_add(h)));
            value load_u16_kh_d [a K, d D, h H] (load_u16!(a.wrapping_add(h)));
            value load_u16_kh [a K, h H] (load_u16!(a.wrapping_add(h)));
            value load_i16_su_d [a S, d D, u U] (load_i16!(at!(a, u)));
            value load_i16_su [a S, u U] (load_i16!(at!(a, u)));
            value load_i16_ku_d [a K, d D, u U] (load_i16!(at!(a, u)));
            value load_i16_ku [a K, u U] (load_i16!(at!(a, u)));
            value load_i16_sh_d [a S, d D, h H] (load_i16!(a.wrapping_add(h)));
            value load_i16_sh [a S, h H] (load_i16!(a.wrapping_add(h)));
            value load_i16_kh_d [a K, d D, h H] (load_i16!(a.wrapping_add(h)));
            value load_i16_kh [a K, h H] (load_i16!(a.wrapping_add(h)));
            value load_u32_su_d [a S, d D, u U] (load_u32!(at!(a, u)));
            value load_u32_su [a S, u U] (load_u32!(at!(a, u)));
            value load_u32_ku_d [a K, d D, u U] (load_u32!(at!(a, u)));
            value load_u32_ku [a K, u U] (load_u32!(at!(a, u)));
            value load_u32_sh_d [a S, d D, h H] (load_u32!(a.wrapping_add(h)));
            value load_u32_sh [a S, h H] (load_u32!(a.wrapping_add(h)));
            value load_u32_kh_d [a K, d D, h H] (load_u32!(a.wrapping_add(h)));
            value load_u32_kh [a K, h H] (load_u32!(a.wrapping_add(h)));
            value load_u32_ssh_d [a S, b S, d D, h H] (load_u32!(a.wrapping_add(b).wrapping_add(h)));
            value load_u32_ksh_d [a K, b S, d D, h H] (load_u32!(a.wrapping_add(b).wrapping_add(h)));
            value load_u32_sbh_d [a S, b M, d D, h H] (load_u32!((a << b).wrapping_add(h)));
            value load_u32_kbh_d [a K, b M, d D, h H] (load_u32!((a << b).wrapping_add(h)));
            value load_u8_w_d [d D, w W] (load_u8!(w));
            value load_u32_w_d [d D, w W] (load_u32!(w));
            value at_s [a S, w W] (at!(a, w));
            value at_k [a K, w W] (at!(a, w));

            // Stores.
            store store_8_su_s [a S, v S, u U] (store_8!(at!(a, u), v));
            store store_8_sh_s [a S, v S, h H] (store_8!(a.wrapping_add(h), v));
            store store_8_su_k [v K, a S, u U] (store_8!(at!(a, u), v));
            store store_8_sh_k [v K, a S, h H] (store_8!(a.wrapping_add(h), v));
            store store_8_su_b [a S, v B, u U] (store_8!(at!(a, u), v));
            store store_8_sh_b [a S, v B, h H] (store_8!(a.wrapping_add(h), v));
            store store_8_ssh_s [a S, b S, v S, h H] (store_8!(a.wrapping_add(b).wrapping_add(h), v));
            store store_8_ssh_k [v K, a S, b S, h H] (store_8!(a.wrapping_add(b).wrapping_add(h), v));
            store store_16_su_s [a S, v S, u U] (store_16!(at!(a, u), v));
            store store_16_sh_s [a S, v S, h H] (store_16!(a.wrapping_add(h), v));
            store store_16_su_k [v K, a S, u U] (store_16!(at!(a, u), v));
            store store_16_sh_k [v K, a S, h H] (store_16!(a.wrapping_add(h), v));
            store store_32_su_s [a S, v S, u U] (store_32!(at!(a, u), v));
            store store_32_sh_s [a S, v S, h H] (store_32!(a.wrapping_add(h), v));
            store store_32_su_k [v K, a S, u U] (store_32!(at!(a, u), v));
            store store_32_sh_k [v K, a S, h H] (store_32!(a.wrapping_add(h), v));
            store store_32_su_b [a S, v B, u U] (store_32!(at!(a, u), v));
            store store_32_sh_b [a S, v B, h H] (store_32!(a.wrapping_add(h), v));
            store store_32_w_s [v S, w W] (store_32!(w, v));
            store store_32_w_k [v K, w W] (store_32!(w, v));
            store store_32_sbh_s [a S, b M, v S, h H] (store_32!((a << b).wrapping_add(h), v));
            store store_32_sbh_k [v K, a S, b M, h H] (store_32!((a << b).wrapping_add(h), v));

            // Branches ahead.
            branch if_eq_ss [a S, b S, t T] (a == b);
            branch if_eq_sh [a S, b H, t T] (a == b);
            branch if_eq_ks [a K, b S, t T] (a == b);
            branch if_eq_kh [a K, b H, t T] (a == b);
            branch if_ne_ss [a S, b S, t T] (a != b);
            branch if_ne_sh [a S, b H, t T] (a != b);
            branch if_ne_ks [a K, b S, t T] (a != b);
            branch if_ne_kh [a K, b H, t T] (a != b);
            branch if_lt_s_ss [a S, b S, t T] (a.cast_signed() < b.cast_signed());
            branch if_lt_s_sh [a S, b H, t T] (a.cast_signed() < b.cast_signed());
            branch if_lt_s_ks [a K, b S, t T] (a.cast_signed() < b.cast_signed());
            branch if_lt_s_kh [a K, b H, t T] (a.cast_signed() < b.cast_signed());
            branch if_lt_s_sk [b K, a S, t T] (a.cast_signed() < b.cast_signed());
            branch if_lt_u_ss [a S, b S, t T] (a < b);
            branch if_lt_u_sh [a S, b H, t T] (a < b);
            branch if_lt_u_ks [a K, b S, t T] (a < b);
            branch if_lt_u_kh [a K, b H, t T] (a < b);
            branch if_lt_u_sk [b K, a S, t T] (a < b);
            branch if_ge_s_ss [a S, b S, t T] (a.cast_signed() >= b.cast_signed());
            branch if_ge_s_sh [a S, b H, t T] (a.cast_signed() >= b.cast_signed());
            branch if_ge_s_ks [a K, b S, t T] (a.cast_signed() >= b.cast_signed());
            branch if_ge_s_kh [a K, b H, t T] (a.cast_signed() >= b.cast_signed());
            branch if_ge_s_sk [b K, a S, t T] (a.cast_signed() >= b.cast_signed());
            branch if_ge_u_ss [a S, b S, t T] (a >= b);
            branch if_ge_u_sh [a S, b H, t T] (a >= b);
            branch if_ge_u_ks [a K, b S, t T] (a >= b);
            branch if_ge_u_kh [a K, b H, t T] (a >= b);
            branch if_ge_u_sk [b K, a S, t T] (a >= b);
            branch if_nz_s [a S, t T] (a != 0);
            branch if_z_s [a S, t T] (a == 0);
            branch if_nz_k [a K, t T] (a != 0);
            branch if_z_k [a K, t T] (a == 0);
            branch if_nz_u8_sh [a S, h H, t T] (load_u8!(a.wrapping_add(h)) != 0);
            branch if_nz_u8_su [a S, u U, t T] (load_u8!(at!(a, u)) != 0);
            branch if_z_u8_sh [a S, h H, t T] (load_u8!(a.wrapping_add(h)) == 0);
            branch if_z_u8_su [a S, u U, t T] (load_u8!(at!(a, u)) == 0);
            branch if_and_nz_sb [a S, b B, t T] (a & b != 0);
            branch if_and_z_sb [a S, b B, t T] (a & b == 0);
            branch if_and_nz_kb [a K, b B, t T] (a & b != 0);
            branch if_and_z_kb [a K, b B, t T] (a & b == 0);

            // Branches back, which charge when they are taken.
            again again_ne_ss [c C, a S, b S, t R] (a != b);
            again again_ne_sh [c C, a S, b H, t R] (a != b);
            again again_ne_ks [a K, c C, b S, t R] (a != b);
            again again_ne_kh [a K, c C, b H, t R] (a != b);
            again again_lt_s_ss [c C, a S, b S, t R] (a.cast_signed() < b.cast_signed());
            again again_lt_s_ks [a K, c C, b S, t R] (a.cast_signed() < b.cast_signed());
            again again_nz_s [c C, a S, t R] (a != 0);
            again again_nz_k [a K, c C, t R] (a != 0);

            // Loop ends: a counter moves on, and if it is not at its end, control goes back and is charged.
            count count_ne_hh [c C, v V, i H, y H, t R] (x = v.wrapping_add(i), x != y);
            count count_ne_hs [c C, v V, y S, i H, t R] (x = v.wrapping_add(i), x != y);
            count count_lt_s_hs [c C, v V, y S, i H, t R] (x = v.wrapping_add(i), x.cast_signed() < y.cast_signed());
            count count_lt_u_hs [c C, v V, y S, i H, t R] (x = v.wrapping_add(i), x < y);
            count count_lt_u_sh [c C, v V, i S, y H, t R] (x = v.wrapping_add(i), x < y);
            count count_nz_h [c C, v V, i H, t R] (x = v.wrapping_add(i), x != 0);

            // 64-bit integers, in two slots each.
            wide add64_pp_q [a P, b P, d Q] (a.wrapping_add(b));
            wide add64_ph_q [a P, d Q, b H] (a.wrapping_add(extend_64(b)));
            wide sub64_pp_q [a P, b P, d Q] (a.wrapping_sub(b));
            wide mul64_pp_q [a P, b P, d Q] (a.wrapping_mul(b));
            wide and64_pp_q [a P, b P, d Q] (a & b);
            wide and64_ph_q [a P, d Q, b H] (a & extend_64(b));
            wide or64_pp_q [a P, b P, d Q] (a | b);
            wide xor64_pp_q [a P, b P, d Q] (a ^ b);
            wide shl64_pb_q [a P, b M6, d Q] (a << b);
            wide shr_u64_pb_q [a P, b M6, d Q] (a >> b);
            wide shr_s64_pb_q [a P, b M6, d Q] ((a.cast_signed() >> b).cast_unsigned());
            wide rotl64_pb_q [a P, b M, d Q] (rotate_64(a, b));
            wide rotl64_beyond_pb_q [a P, b M, d Q] (rotate_64(a.rotate_left(32), b));
            value eq64_pp_d [a P, b P, d D] (u32::from(a == b));
            value ne64_pp_d [a P, b P, d D] (u32::from(a != b));
            value lt_s64_pp_d [a P, b P, d D] (u32::from(a.cast_signed() < b.cast_signed()));
            value lt_u64_pp_d [a P, b P, d D] (u32::from(a < b));
            value ge_s64_pp_d [a P, b P, d D] (u32::from(a.cast_signed() >= b.cast_signed()));
            value ge_u64_pp_d [a P, b P, d D] (u32::from(a >= b));
            value eqz64_p_d [a P, d D] (u32::from(a == 0));
            wide extend_32_64_p_q [a P, d Q] (extend_64(low(a)));
            wide extend_s_s_q [a S, d Q] (extend_64(a));
            wide extend_u_s_q [a S, d Q] (u64::from(a));
            wide load_64_su_q [a S, d Q, u U] (load_64!(at!(a, u)));
            store store_64_su_p [a S, v P, u U] (store_64!(at!(a, u), v));
            wide extend_s_k_q [a K, d Q] (extend_64(a));
            wide extend_u_k_q [a K, d Q] (u64::from(a));
            wide load_64_ku_q [a K, d Q, u U] (load_64!(at!(a, u)));
            store store_64_ku_p [a K, v P, u U] (store_64!(at!(a, u), v));
            wide select64_pps_q [a P, b P, c S, d Q] (if c == 0 { b } else { a });

            // Integers: what takes a call of the compiler's library, or is long and rare.
            slow popcnt_s_d [a S, d D] (a.count_ones());
            slow_wide shl64_ps_q [a P, b S, d Q] (a.wrapping_shl(b));
            slow_wide shr_u64_ps_q [a P, b S, d Q] (a.wrapping_shr(b));
            slow_wide shr_s64_ps_q [a P, b S, d Q] (a.cast_signed().wrapping_shr(b).cast_unsigned());
            slow_wide rotl64_ps_q [a P, b S, d Q] (a.rotate_left(b & 63));
            slow_wide rotr64_ps_q [a P, b S, d Q] (a.rotate_right(b & 63));
            slow_wide div_s64_pp_q [a P, b P, d Q] (div_s64!(a, b));
            slow_wide div_u64_pp_q [a P, b P, d Q] (div_u64!(a, b));
            slow_wide rem_s64_pp_q [a P, b P, d Q] (rem_s64!(a, b));
            slow_wide rem_u64_pp_q [a P, b P, d Q] (rem_u64!(a, b));
            slow_wide clz64_p_q [a P, d Q] (u64::from(a.leading_zeros()));
            slow_wide ctz64_p_q [a P, d Q] (u64::from(a.trailing_zeros()));
            slow_wide extend_8_64_p_q [a P, d Q] (extend_64(extend_8(low(a))));
            slow_wide extend_16_64_p_q [a P, d Q] (extend_64(extend_16(low(a))));
            slow_wide popcnt64_p_q [a P, d Q] (u64::from(a.count_ones()));

            // Floats: 64-bit ones, conversions, and what is rare. From here on all is of floats.
            float_slow fmin_ss_d [a S, b S, d D] (f32_min(a, b));
            float_slow fmax_ss_d [a S, b S, d D] (f32_max(a, b));
            float_slow fcopysign_ss_d [a S, b S, d D] (f32_copysign(a, b));
            float_slow fceil_s_d [a S, d D] (f32_ceil(a));
            float_slow ffloor_s_d [a S, d D] (f32_floor(a));
            float_slow ftrunc_s_d [a S, d D] (f32_trunc(a));
            float_slow fnearest_s_d [a S, d D] (f32_nearest(a));
            float_slow fsqrt_s_d [a S, d D] (f32_sqrt(a));
            float_slow_wide dadd_pp_q [a P, b P, d Q] (f64_add(a, b));
            float_slow_wide dsub_pp_q [a P, b P, d Q] (f64_sub(a, b));
            float_slow_wide dmul_pp_q [a P, b P, d Q] (f64_mul(a, b));
            float_slow_wide ddiv_pp_q [a P, b P, d Q] (f64_div(a, b));
            float_slow_wide dmin_pp_q [a P, b P, d Q] (f64_min(a, b));
            float_slow_wide dmax_pp_q [a P, b P, d Q] (f64_max(a, b));
            float_slow_wide dcopysign_pp_q [a P, b P, d Q] (f64_copysign(a, b));
            float_slow_wide dabs_p_q [a P, d Q] (a & 0x7fff_ffff_ffff_ffff);
            float_slow_wide dneg_p_q [a P, d Q] (a ^ 0x8000_0000_0000_0000);
            float_slow_wide dceil_p_q [a P, d Q] (f64_ceil(a));
            float_slow_wide dfloor_p_q [a P, d Q] (f64_floor(a));
            float_slow_wide dtrunc_p_q [a P, d Q] (f64_trunc(a));
            float_slow_wide dnearest_p_q [a P, d Q] (f64_nearest(a));
            float_slow_wide dsqrt_p_q [a P, d Q] (f64_sqrt(a));
            float_slow deq_pp_d [a P, b P, d D] (u32::from(f64_eq(a, b)));
            float_slow dne_pp_d [a P, b P, d D] (u32::from(!f64_eq(a, b)));
            float_slow dlt_pp_d [a P, b P, d D] (u32::from(f64_lt(a, b)));
            float_slow dle_pp_d [a P, b P, d D] (u32::from(f64_le(a, b)));
            float_slow f32_from_s64_p_d [a P, d D] (f32_from_s64(a));
            float_slow_wide f64_from_s32_s_q [a S, d Q] (f64_from_s32(a));
            float_slow_wide f64_from_s64_p_q [a P, d Q] (f64_from_s64(a));
            float_slow_wide f32_trunc_s64_s_q [a S, d Q] (truncate!(f32_trunc_s64(a)));
            float_slow f64_trunc_s32_p_d [a P, d D] (truncate!(f64_trunc_s32(a)));
            float_slow_wide f64_trunc_s64_p_q [a P, d Q] (truncate!(f64_trunc_s64(a)));
            float_slow f32_saturate_s32_s_d [a S, d D] (f32_saturate_s32(a));
            float_slow_wide f32_saturate_s64_s_q [a S, d Q] (f32_saturate_s64(a));
            float_slow f64_saturate_s32_p_d [a P, d D] (f64_saturate_s32(a));
            float_slow_wide f64_saturate_s64_p_q [a P, d Q] (f64_saturate_s64(a));
            float_slow f32_from_u64_p_d [a P, d D] (f32_from_u64(a));
            float_slow_wide f64_from_u32_s_q [a S, d Q] (f64_from_u32(a));
            float_slow_wide f64_from_u64_p_q [a P, d Q] (f64_from_u64(a));
            float_slow f32_trunc_u32_s_d [a S, d D] (truncate!(f32_trunc_u32(a)));
            float_slow_wide f32_trunc_u64_s_q [a S, d Q] (truncate!(f32_trunc_u64(a)));
            float_slow f64_trunc_u32_p_d [a P, d D] (truncate!(f64_trunc_u32(a)));
            float_slow_wide f64_trunc_u64_p_q [a P, d Q] (truncate!(f64_trunc_u64(a)));
            float_slow f32_saturate_u32_s_d [a S, d D] (f32_saturate_u32(a));
            float_slow_wide f32_saturate_u64_s_q [a S, d Q] (f32_saturate_u64(a));
            float_slow f64_saturate_u32_p_d [a P, d D] (f64_saturate_u32(a));
            float_slow_wide f64_saturate_u64_p_q [a P, d Q] (f64_saturate_u64(a));
            float_slow f32_demote_p_d [a P, d D] (f32_demote(a));
            float_slow_wide f64_promote_s_q [a S, d Q] (f64_promote(a));

            // 32-bit floats: bits in a slot.
            float fadd_ss_d [a S, b S, d D] (f32_add(a, b));
            float fadd_ss [a S, b S] (f32_add(a, b));
            float fadd_ks_d [a K, b S, d D] (f32_add(a, b));
            float fadd_ks [a K, b S] (f32_add(a, b));
            float fadd_kw_d [a K, d D, b W] (f32_add(a, b));
            float fadd_kw [a K, b W] (f32_add(a, b));
            float fadd_v_k [b K, v V] (f32_add(v, b));
            float fsub_ss_d [a S, b S, d D] (f32_sub(a, b));
            float fsub_ss [a S, b S] (f32_sub(a, b));
            float fsub_ks_d [a K, b S, d D] (f32_sub(a, b));
            float fsub_ks [a K, b S] (f32_sub(a, b));
            float fsub_sk_d [b K, a S, d D] (f32_sub(a, b));
            float fsub_sk [b K, a S] (f32_sub(a, b));
            float fmul_ss_d [a S, b S, d D] (f32_mul(a, b));
            float fmul_ss [a S, b S] (f32_mul(a, b));
            float fmul_ks_d [a K, b S, d D] (f32_mul(a, b));
            float fmul_ks [a K, b S] (f32_mul(a, b));
            float fmul_sw_d [a S, d D, b W] (f32_mul(a, b));
            float fmul_sw [a S, b W] (f32_mul(a, b));
            float fmul_kw_d [a K, d D, b W] (f32_mul(a, b));
            float fmul_kw [a K, b W] (f32_mul(a, b));
            float fdiv_ss_d [a S, b S, d D] (f32_div(a, b));
            float fabs_s_d [a S, d D] (a & 0x7fff_ffff);
            float fneg_s_d [a S, d D] (a ^ 0x8000_0000);
            float fabs_k_d [a K, d D] (a & 0x7fff_ffff);
            float fneg_k_d [a K, d D] (a ^ 0x8000_0000);
            float feq_ss_d [a S, b S, d D] (u32::from(f32_eq(a, b)));
            float fne_ss_d [a S, b S, d D] (u32::from(!f32_eq(a, b)));
            float flt_ss_d [a S, b S, d D] (u32::from(f32_lt(a, b)));
            float fle_ss_d [a S, b S, d D] (u32::from(f32_le(a, b)));
            float_branch if_feq_ss [a S, b S, t T] (f32_eq(a, b));
            float_branch if_fne_ss [a S, b S, t T] (!f32_eq(a, b));
            float_branch if_flt_ss [a S, b S, t T] (f32_lt(a, b));
            float_branch if_fnlt_ss [a S, b S, t T] (!f32_lt(a, b));
            float_branch if_fnle_ss [a S, b S, t T] (!f32_le(a, b));
            float_branch if_fle_ss [a S, b S, t T] (f32_le(a, b));

            // Conversions.
            float f32_from_s32_s_d [a S, d D] (f32_from_s32(a));
            float f32_trunc_s32_s_d [a S, d D] (truncate!(f32_trunc_s32(a)));
            float f32_from_u32_s_d [a S, d D] (f32_from_u32(a));
        }
    };
}
