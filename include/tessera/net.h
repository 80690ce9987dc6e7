/* SPDX-License-Identifier: MIT */
/*
 * Protocol of network devices, between a client, the multiplexer and a driver.
 *
 * Buffers belong to whoever holds them: the client gives empty ones to be
 * filled and full ones to be sent, and gets each back once.
 *
 * Request ring:  w[0] id | operation << 32 | area << 40
 *                w[1] offset in the area
 *                w[2] bytes (NET_SEND: of the frame; NET_RECEIVE: of the room,
 *                     at least NET_ROOM_MIN)
 *                w[3] flags, NET_FLAG_*
 * Answer ring:   w[0] id | status << 32
 *                w[1] bytes of the frame received
 *                w[2] NET_INFO: hardware address, first byte lowest | mtu << 48
 *                w[3] flags
 * Frames start with the Ethernet header and have no check sequence.
 *
 * NET_LINK is answered when the link is not as NET_FLAG_LINK_DOWN in its flags says: at once, or when it
 * changes; one can be under way, another is NET_BAD.
 *
 * NET_FLAG_CHECKSUM of a frame to be sent comes with two numbers in the flags word,
 * since the driver cannot look into the frame: the byte from which the sum
 * runs to the end, in bits 16-31, and the byte where it goes, in bits 32-47.
 * The sender has put the sum over the pseudo header there.
 */
#pragma once

enum { NET_FRAME_MIN = 14, NET_FRAME_MAX = 1514, NET_ROOM_MIN = 2048 };
enum { NET_SUM_START_SHIFT = 16, NET_SUM_PLACE_SHIFT = 32 };
enum net_operation { NET_SEND, NET_RECEIVE, NET_INFO, NET_LINK };
enum net_status {
	NET_DONE,
	NET_BAD,   /* no such operation, area, or length */
	NET_ERROR, /* not sent; not received */
	NET_GONE,
};
/*
 * NET_SEND: the driver shall fill in the TCP or UDP checksum; NET_RECEIVE: it was found right;
 * NET_INFO: it can do so.  NET_FLAG_LINK_DOWN: of NET_INFO and NET_LINK.
 */
enum { NET_FLAG_CHECKSUM = 1, NET_FLAG_LINK_DOWN = 2 };
