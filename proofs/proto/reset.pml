/* SPDX-License-Identifier: MIT */
/*
 * Model of a channel that begins anew: servers/init/channel.c, lib/sys/chan.c.
 *
 * Stands for: begin, clear, channel_agree, channel_asked, channel_born (init: each a step that
 * nobody interrupts); chan_news and chan_agree of both sides, step by step; ends of lives at any
 * time, LIVES of them on each side; reset_bit as a bit that is set by init, taken by waits, and
 * cleared when a life ends.
 *
 * Code: servers/init/channel.c begin clear channel_agree channel_asked channel_born;
 * lib/sys/chan.c chan_news chan_agree.
 *
 * Claims: rings are cleared only while no side uses them; a side that uses rings uses the newest; no
 * side begins twice on the same rings; when nobody ends any more, both sides use the same rings (no
 * side waits for ever).
 */
#define LIVES 3
#define NONE 0

mtype = { USING, SAW, LET_GO, WAITING };

mtype state[2] = USING; /* of a life */
byte rings[2] = 1;      /* which it uses, NONE: none */
byte newest = 1;
byte last[2] = 1;       /* the newest that a side, in any of its lives, began to use */
bit running[2] = 1, reset_bit[2];
bit down, agreed[2], waits[2];
byte ended[2];

inline clear()
{
	assert(!(running[0] && rings[0] != NONE) && !(running[1] && rings[1] != NONE));
	newest++;
	down = 0;
}

inline begin()
{
	down = 1;
	agreed[0] = !running[0] || waits[0];
	agreed[1] = !running[1] || waits[1];
	if :: running[0] -> reset_bit[0] = 1 :: else fi;
	if :: running[1] -> reset_bit[1] = 1 :: else fi;
	if :: agreed[0] && agreed[1] -> clear() :: else fi
}

inline begin_rings(s)
{
	assert(newest > last[s]);
	last[s] = newest;
	rings[s] = newest
}

inline take_rings(s)
{
	waits[s] = 0;
	begin_rings(s);
	state[s] = USING
}

/* channel_agree */
inline agree(s)
{
	if
	:: !down && waits[s] -> take_rings(s)
	:: else ->
		if :: !down -> begin() :: else fi;
		if
		:: down ->
			agreed[s] = 1;
			if
			:: agreed[1 - s] ->
				clear();
				if :: running[1 - s] -> reset_bit[1 - s] = 1 :: else fi;
				take_rings(s)
			:: else -> waits[s] = 1; state[s] = WAITING
			fi
		:: else -> take_rings(s)
		fi
	fi
}

proctype side(bit s)
{
end:	do
	:: atomic { running[s] && (state[s] == USING || state[s] == WAITING) && reset_bit[s] ->
		reset_bit[s] = 0; state[s] = SAW }
	:: atomic { running[s] && state[s] == SAW ->
		if
		:: down || waits[s] -> rings[s] = NONE; state[s] = LET_GO
		:: else -> state[s] = USING
		fi }
	:: atomic { running[s] && state[s] == LET_GO -> agree(s) }
	od
}

/* Ends of lives, and the next ones, which may be a while later. */
proctype supervisor(bit s)
{
end:	do
	:: atomic { running[s] && ended[s] < LIVES ->
		ended[s]++; running[s] = 0; reset_bit[s] = 0; rings[s] = NONE; begin() }
	:: atomic { !running[s] ->
		running[s] = 1;
		waits[s] = down;
		if
		:: down -> rings[s] = NONE; state[s] = WAITING
		:: else -> begin_rings(s); state[s] = USING
		fi }
	od
}

active proctype monitor()
{
end:	do
	:: atomic { running[0] && rings[0] != NONE && rings[0] != newest -> assert(false) }
	:: atomic { running[1] && rings[1] != NONE && rings[1] != newest -> assert(false) }
	:: atomic { timeout ->
		assert(!down && running[0] && running[1] && rings[0] == newest &&
		       rings[1] == newest);
		break }
	od
}

init {
	atomic { run side(0); run side(1); run supervisor(0); run supervisor(1) }
}
