/* SPDX-License-Identifier: MIT */
/* Every call with pointers and numbers that are wrong: what matters is that this program ends by itself.
 * Never run on a machine that one needs. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static const long bad[] = { 0, 1, -1, 0x1000, 0x7fffffffffff, (long)0x8000000000000000, 0x7fffffff, 4096 * 3 + 1 };
int main(void)
{
	for (int nr = 0; nr < 460; nr++) {
		/* Not those that end the machine's use, or wait for ever. */
		if (nr == SYS_pause || nr == SYS_fork || nr == SYS_vfork || nr == SYS_clone || nr == 435 || nr == SYS_reboot || nr == SYS_vhangup || nr == SYS_rt_sigsuspend || nr == SYS_kill ||
		    nr == SYS_tkill || nr == SYS_chroot || nr == SYS_umount2 || nr == SYS_pivot_root || nr == SYS_swapoff ||
		    nr == SYS_mount || nr == SYS_kexec_load || nr == SYS_sethostname || nr == SYS_setdomainname || nr == SYS_settimeofday ||
		    nr == SYS_clock_settime || nr == SYS_adjtimex || nr == SYS_clock_adjtime || nr == SYS_unlink || nr == SYS_rt_sigqueueinfo || nr == SYS_init_module || nr == SYS_acct || nr == SYS_syslog || nr == 442 || nr == 428 || nr == 429 || nr == SYS_iopl || nr == SYS_ioperm || nr == SYS_setns || nr == SYS_unshare || nr == SYS_bpf || nr == SYS_delete_module)
			continue;
		int st;
		pid_t p = fork();
		if (p == 0) {
			close(0);
			struct rlimit rl = { 0, 0 };
			setrlimit(RLIMIT_CORE, &rl);
			alarm(2);
			setsid();
			srand((unsigned)nr);
			for (int i = 0; i < 30; i++)
				syscall(nr, bad[rand() % 8], bad[rand() % 8], bad[rand() % 8], bad[rand() % 8], bad[rand() % 8], bad[rand() % 8]);
			_exit(0);
		}
		while (waitpid(p, &st, 0) != p)
			;
	}
	puts("still here");
	return 0;
}
