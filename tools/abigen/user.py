# SPDX-License-Identifier: MIT
"""user.h: a typed stub for each call. Those that carry messages go through lib/sys/ipc.S."""
from . import text

REGISTERS = ("o1", "o2", "r10", "r8", "r9")  # of arguments 0 to 4

INTRO = """
/*
 * Stubs of the kernel's calls.  Every result but the error goes through a
 * pointer, which may be NULL.  After an error or completion these hold nothing
 * of meaning, unless the manual says otherwise.
 *
 * Registers: rax number, rdi handle, rsi rdx r10 r8 r9 arguments; back: rax
 * error, rdi rsi rdx further results; rcx, r11 and r10 are lost.
 */
#include <stddef.h>

#include "abi.h"

/*
 * A message.  The eight words always travel, whatever they hold, in rbx rbp
 * r12 r13 r14 r15 r8 r9; words 8 and up lie in the message page.
 */
struct msg {
	u64 w[8];
	u64 tag;   /* to send; then the tag of what came back */
	u64 badge; /* of what came back: the sender's, or bits of a notification */
};

/* lib/sys/ipc.S: make call nr with the message's tag and words; fill it from the answer. */
err_t ipc_exchange(u64 nr, u64 handle, struct msg *m, u64 deadline, u64 reply);
"""

EMPTY = """
/* r10 names no reply right; of a call it is no argument, and may hold anything. */
#define no_reply(nr, r10)                                                                          \\
	do {                                                                                       \\
		if ((nr) == SYS_EP_CALL)                                                           \\
			__asm__("" : "=r"(r10));                                                   \\
		else                                                                               \\
			(r10) = 0;                                                                 \\
	} while (0)

/*
 * The same for messages without words, inline: nothing is stored or loaded.
 * The words that travel are what the registers happen to hold, so the other
 * side can see values of this program; and they come back changed, so the
 * compiler must give up rbx, r12 to r15, r8, r9 (and rbp, which is kept below
 * the stack and its red zone: nothing else writes there).  To one who is not
 * trusted use the others.
 */
static inline err_t ipc_exchange_0(u64 nr, u64 handle, u64 *tag, u64 *badge, u64 deadline)
{
	register u64 r10 __asm__("r10");
	u64 o1 = *tag, o2 = deadline;

	no_reply(nr, r10);
	__asm__ volatile("movq %%rbp, -136(%%rsp)\\n\\t"
			 "syscall\\n\\t"
			 "movq -136(%%rsp), %%rbp"
			 : "+a"(nr), "+D"(handle), "+S"(o1), "+d"(o2), "+r"(r10)
			 :
			 : "rbx", "rcx", "r8", "r9", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	*tag = o1;
	*badge = handle;
	return (err_t){ (u32)nr };
}

/* ep_call without words; the answer's tag replaces the message's. */
static inline err_t ep_call_0(ep_h ep, u64 *tag, u64 deadline)
{
	u64 badge;

	return ipc_exchange_0(SYS_EP_CALL, ep.h, tag, &badge, deadline);
}

/* ep_reply_recv without words, answering the message received last. */
static inline err_t ep_reply_recv_0(ep_h ep, u64 *tag, u64 *badge, u64 deadline)
{
	return ipc_exchange_0(SYS_EP_REPLY_RECV, ep.h, tag, badge, deadline);
}

/*
 * ipc_exchange, inline and without a reply right: a message that is a local
 * variable, to which nothing points, stays in registers on both sides.  The
 * price is that the compiler has no other register left meanwhile.
 */
static inline err_t ipc_exchange_8(u64 nr, u64 handle, struct msg *m, u64 deadline)
{
	register u64 r10 __asm__("r10");
	register u64 w2 __asm__("r12") = m->w[2];
	register u64 w3 __asm__("r13") = m->w[3];
	register u64 w4 __asm__("r14") = m->w[4];
	register u64 w5 __asm__("r15") = m->w[5];
	register u64 w6 __asm__("r8") = m->w[6];
	register u64 w7 __asm__("r9") = m->w[7];

	no_reply(nr, r10);
	__asm__ volatile("movq %%rbp, -136(%%rsp)\\n\\t"
			 "movq %%rcx, %%rbp\\n\\t"
			 "syscall\\n\\t"
			 "movq %%rbp, %%rcx\\n\\t"
			 "movq -136(%%rsp), %%rbp"
			 : "+a"(nr), "+D"(handle), "+S"(m->tag), "+d"(deadline), "+r"(r10), "+b"(m->w[0]),
			   "+c"(m->w[1]), "+r"(w2), "+r"(w3), "+r"(w4), "+r"(w5), "+r"(w6), "+r"(w7)
			 :
			 : "r11", "memory", "cc");
	m->w[2] = w2;
	m->w[3] = w3;
	m->w[4] = w4;
	m->w[5] = w5;
	m->w[6] = w6;
	m->w[7] = w7;
	m->badge = handle;
	return (err_t){ (u32)nr };
}

/* ep_call of a message of at most eight words that is to stay in registers. */
static inline err_t ep_call_8(ep_h ep, struct msg *m, u64 deadline)
{
	return ipc_exchange_8(SYS_EP_CALL, ep.h, m, deadline);
}

/* ep_reply_recv of such a message, answering the one received last. */
static inline err_t ep_reply_recv_8(ep_h ep, struct msg *m, u64 deadline)
{
	return ipc_exchange_8(SYS_EP_REPLY_RECV, ep.h, m, deadline);
}
"""


def ctype(a):
    if a.kind != "cap":
        return "u64" if a.kind == "u64" else "slot_t"
    return a.objects[0] + "_h" if len(a.objects) == 1 else "any_h"


def value(a):
    return {"u64": a.name, "cap": a.name + ".h"}.get(a.kind, a.name + ".where")


def out_name(c, o):
    taken = {a.name for a in c.args} | ({c.invoked.name} if c.invoked else set())
    return o.name + "_out" if o.name in taken else o.name


def parameters(c):
    out = [f"{ctype(c.invoked)} {c.invoked.name}"] if c.invoked is not None else []
    return out + [f"{ctype(a)} {a.name}" for a in c.args]


def describe(c, skip=()):
    lines = [c.doc]
    lines += [f"{a.name}: {a.doc}" for a in c.args if a.name not in skip]
    lines += [f"Back in *{out_name(c, o)}: {o.doc}" for o in c.outs] if not c.ipc else []
    return text.comment(" ".join(lines))


def plain(c):
    """Inline assembly with one operand for each register that the call uses; others come as they are."""
    n, outs = len(c.args), [out_name(c, o) for o in c.outs]
    params = parameters(c) + [f"u64 *{o}" for o in outs]
    out = describe(c) + text.wrap(f"static inline err_t {c.name}(", params or ["void"], ")", "\t")
    out.append("{")
    given = [c.invoked.name + ".h" if c.invoked is not None else None] + [value(a) for a in c.args]
    given += [None] * (3 - len(given))
    out.append(f"\tu64 nr = {c.const()}, " + ", ".join(f"o{i}" + (f" = {v}" if v else "")
                                                      for i, v in enumerate(given[:3])) + ";")
    out += [f"\tregister u64 {REGISTERS[i]} __asm__(\"{REGISTERS[i]}\") = {given[i + 1]};"
            for i in range(2, n)]
    changed = ['"+a"(nr)'] + [f'"{"+" if v else "="}{"DSd"[i]}"(o{i})' for i, v in enumerate(given[:3])]
    changed += ['"+r"(r10)'] if n > 2 else []
    inputs = ", ".join(f'"r"({REGISTERS[i]})' for i in range(3, n))
    lost = '"rcx", "r11", "memory", "cc"' if n > 2 else '"rcx", "r10", "r11", "memory", "cc"'
    out += ["", '\t__asm__ volatile("syscall"', f"\t\t\t : {', '.join(changed)}",
            f"\t\t\t : {inputs}".rstrip(), f"\t\t\t : {lost});"]
    for i, o in enumerate(outs):
        out += [f"\tif ({o} != NULL)", f"\t\t*{o} = o{i};"]
    return out + ["\treturn (err_t){ (u32)nr };", "}", ""]


def ipc(c):
    """The tag travels in the message; a deadline or a reply right that the row has, beside it."""
    kept = [a for a in c.args if a.name not in ("tag", "unused")]
    params = [f"{ctype(c.invoked)} {c.invoked.name}"] if c.invoked is not None else []
    params += ["struct msg *m"] + [f"{ctype(a)} {a.name}" for a in kept]
    names = {a.name: value(a) for a in kept}
    out = describe(c, ("tag", "unused"))
    out += text.wrap(f"static inline err_t {c.name}(", params, ")", "\t") + ["{"]
    handle = c.invoked.name + ".h" if c.invoked is not None else "0"
    values = [c.const(), handle, "m", names.get("deadline", "0"), names.get("reply", "0")]
    return out + text.wrap("\treturn ipc_exchange(", values, ");", "\t") + ["}", ""]


def generate(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once"]
    out += INTRO.strip().split("\n") + [""]
    for c in table.live():
        out += ipc(c) if c.ipc else plain(c)
    return out + EMPTY.strip().split("\n")
