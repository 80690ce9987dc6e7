/* SPDX-License-Identifier: MIT */
/*
 * Messages: what moves from one thread to another.
 *
 * Locks:      the CPU's, which is home of both; all locks if capabilities move.
 * Called by:  ep.c, reply.c.
 * Never:      trusts a message page: it is shared with programs, so every word
 *             is read once and checked after reading.
 */
#include "ks.h"

/* Length, capabilities and flags: what a receiver gets anew. */
#define TAG_LOW 0x1fffull

enum { REGS_WORDS = sizeof(struct regs_general) / 8 };

/* Almost every message is this: words in registers, nothing else. */
static bool is_short(u64 tag)
{
	return TAG_LENGTH(tag) <= REGISTER_WORDS && TAG_CAPS(tag) == 0;
}

err_t msg_check(u32 t, u64 tag, u32 s)
{
	if (is_short(tag))
		return OK;
	if (TAG_LENGTH(tag) > MSG_WORDS_MAX || TAG_CAPS(tag) > MSG_CAPS_MAX)
		return ERR_ARG;
	if (TAG_CAPS(tag) != 0 && s != NIL && !(SLOT(s)->rights & RIGHT_EP_TRANSFER))
		return ERR_RIGHTS;
	if (TH(t)->msg == NIL)
		return ERR_MSG_PAGE;
	if (TAG_CAPS(tag) != 0 && !ks.global)
		return RUN_GLOBAL;
	return OK;
}

bool msg_is_global(u32 t)
{
	return TH(t)->fault == 0 && TAG_CAPS(TH(t)->tag) != 0;
}

/* One capability of a message; false: it is not there, or there is no room for it. */
static bool transfer_cap(u32 from, u32 to, u32 i)
{
	u32 page = TH(from)->msg;
	u32 at = MSG_SEND_CAPS + 4 * i;
	u64 handle = WORD(page, at);
	u64 mode = WORD(page, at + 1);
	u64 badge = WORD(page, at + 2);
	u32 src = cap_lookup(from, handle);
	u32 dst = slot_find(to, WORD(TH(to)->msg, MSG_RECV_SLOTS + i), RIGHT_TABLE_INSERT);

	if (src == NIL || dst == NIL || SLOT(dst)->type != 0)
		return false;
	if (mode & CAP_SEND_MOVE) {
		if (SLOT(src)->child != NIL)
			return false;
		cap_relocate(src, dst);
	} else {
		if (!err_is_ok(cap_check_copy(src, mode, badge)))
			return false;
		cap_insert_copy(dst, src, (u32)mode);
		if (badge != 0)
			SLOT(dst)->badge = badge;
	}
	WORD(page, at + 3) = 1;
	return true;
}

/* How many of n arrive: those before the first that does not. */
static u32 transfer_caps(u32 from, u32 to, u32 n)
{
	u32 caps = 0;

	while (caps < n && caps < MSG_CAPS_MAX && transfer_cap(from, to, caps))
		caps++;
	return caps;
}

/* The rest of a long message; returns the tag with what really arrived. */
static u64 transfer_long(u32 from, u32 to, u64 tag)
{
	u32 length = TAG_LENGTH(tag);

	if (TH(to)->msg == NIL || TH(from)->msg == NIL)
		return (tag & ~TAG_LOW) | (length < REGISTER_WORDS ? length : REGISTER_WORDS);
	if (length > REGISTER_WORDS)
		arch_words_copy(TH(to)->msg, TH(from)->msg, REGISTER_WORDS, length - REGISTER_WORDS);
	u32 caps = transfer_caps(from, to, TAG_CAPS(tag));
	return (tag & ~TAG_LOW) | (u64)caps << TAG_CAPS_SHIFT | length;
}

void msg_transfer(u32 from, u32 to, u64 tag, u64 badge)
{
	if (TH(from)->fault != 0) {
		arch_fault_words(from, to);
		tag = (u64)TH(from)->fault << TAG_LABEL_SHIFT | REGISTER_WORDS;
	} else {
		arch_msg_pass(from, to);
		if (!is_short(tag))
			tag = transfer_long(from, to, tag);
		else
			tag &= ~(u64)TAG_NONBLOCK;
	}
	FR_ERR(to) = OK.v;
	FR_OUT(to, 0) = badge;
	FR_OUT(to, 1) = tag;
}

bool msg_answer_fault(u32 from, u32 to, u64 tag)
{
	u64 label = TAG_LABEL(tag);

	TH(to)->fault = 0;
	if (label == FAULT_RESULT)
		arch_foreign_result(to, FR_MSG(from, 0));
	if (label == FAULT_REGS && TH(from)->msg != NIL && TAG_LENGTH(tag) >= REGISTER_WORDS + REGS_WORDS)
		arch_regs_set(to, TH(from)->msg, REGISTER_WORDS);
	return label != FAULT_STOP;
}
