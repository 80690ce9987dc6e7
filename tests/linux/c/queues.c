/* SPDX-License-Identifier: MIT */
/* POSIX message queues: names, attributes, order, waiting, who is told. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_, errno); } while (0)
/* As E, for a descriptor. */
#define OPENS(x) do { errno = 0; long r_ = (long)(x); printf("%s: %d %d\n", #x, r_ >= 0, errno); if (r_ >= 0) mq_close((mqd_t)r_); } while (0)

static char name[40];
static volatile int told, from, value;

static void on_told(int s, siginfo_t *i, void *c)
{
	(void)s;
	(void)c;
	told++;
	value = i->si_code == SI_MESGQ ? i->si_value.sival_int : -1;
	from = i->si_pid == getpid();
}

static void on_alarm(int s)
{
	(void)s;
}

static struct timespec soon(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void names(void)
{
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 16 }, none = { .mq_maxmsg = 0, .mq_msgsize = 16 }, less = { .mq_maxmsg = 4, .mq_msgsize = -1 };
	char longest[300];

	memset(longest, 'n', sizeof longest);
	longest[0] = '/';
	longest[257] = 0;
	OPENS(mq_open(name, O_RDWR));
	OPENS(mq_open(name, O_RDWR | O_CREAT, 0600, &none));
	OPENS(mq_open(name, O_RDWR | O_CREAT, 0600, &less));
	OPENS(mq_open(name, O_RDWR | O_CREAT, 0600, &a));
	OPENS(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a));
	OPENS(mq_open(name, O_RDONLY));
	OPENS(mq_open("/", O_RDWR | O_CREAT, 0600, &a));
	OPENS(mq_open("/a/b", O_RDWR | O_CREAT, 0600, &a));
	OPENS(mq_open(longest, O_RDWR | O_CREAT, 0600, &a));
	E(mq_unlink("/nosuch.queue"));
	E(mq_unlink(longest));
}

static void attributes(mqd_t q)
{
	struct mq_attr a, b = { .mq_flags = O_NONBLOCK, .mq_maxmsg = 99 }, wrong = { .mq_flags = 1 };

	E(mq_getattr(q, &a));
	printf("%ld %ld %ld %ld\n", a.mq_flags, a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
	E(mq_setattr(q, &b, &a));
	E(mq_getattr(q, &a));
	printf("%ld %ld %ld %ld\n", a.mq_flags, a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
	E(mq_setattr(q, &wrong, NULL));
	b.mq_flags = 0;
	E(mq_setattr(q, &b, &a));
	printf("%ld\n", a.mq_flags);
	E(mq_getattr(-1, &a));
	E(mq_getattr(0, &a));
}

static void receive(mqd_t q)
{
	char text[32] = { 0 };
	unsigned priority = 77;

	errno = 0;
	long n = mq_receive(q, text, sizeof text, &priority);
	printf("%ld %d '%s' %u\n", n, errno, n > 0 ? text : "", priority);
}

static void order(mqd_t q)
{
	char small[8], text[32];
	struct timespec past = { 0 }, bad = { 1, 1000000000 }, short_time;

	E(mq_send(q, "low", 4, 1));
	E(mq_send(q, "high", 5, 9));
	E(mq_send(q, "low again", 10, 1));
	E(mq_send(q, "", 0, 0));
	E(mq_send(q, "too long for it.", 17, 0));
	E(mq_send(q, "priority", 9, 32768));
	E(mq_receive(q, small, sizeof small, NULL));
	short_time = soon(50);
	E(mq_timedsend(q, "x", 2, 0, &short_time));
	E(mq_timedsend(q, "x", 2, 0, &past));
	E(mq_timedsend(q, "x", 2, 0, &bad));
	for (int i = 0; i < 4; i++)
		receive(q);
	short_time = soon(50);
	E(mq_timedreceive(q, text, sizeof text, NULL, &short_time));
	E(mq_timedreceive(q, text, sizeof text, NULL, &past));
	E(mq_timedreceive(q, text, sizeof text, NULL, &bad));
	E(mq_send(q, "bad time, but there", 0, 3));
	E(mq_timedreceive(q, text, sizeof text, NULL, &bad));
	receive(q);
	struct sigaction a = { .sa_handler = on_alarm };
	sigaction(SIGALRM, &a, NULL);
	alarm(1);
	E(mq_receive(q, text, sizeof text, NULL));
}

static void modes(void)
{
	char text[32];
	mqd_t r = mq_open(name, O_RDONLY | O_NONBLOCK), w = mq_open(name, O_WRONLY | O_NONBLOCK);

	E(mq_send(r, "x", 1, 0));
	E(mq_receive(w, text, sizeof text, NULL));
	E(mq_receive(r, text, sizeof text, NULL));
	for (int i = 0; i < 5; i++)
		E(mq_send(w, "x", 2, 0));
	struct pollfd f[2] = { { r, POLLIN | POLLOUT, 0 }, { w, POLLIN | POLLOUT, 0 } };
	E(poll(f, 2, 0));
	printf("%x %x\n", f[0].revents, f[1].revents);
	receive(r);
	E(poll(f, 2, 0));
	printf("%x %x\n", f[0].revents, f[1].revents);
	for (int i = 0; i < 4; i++)
		receive(r);
	E(poll(f, 2, 0));
	printf("%x %x\n", f[0].revents, f[1].revents);
	mq_close(r);
	mq_close(w);
}

static void notification(mqd_t q)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42 }, wrong = e, quiet = { .sigev_notify = SIGEV_NONE };
	struct sigaction a = { .sa_sigaction = on_told, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &a, NULL);
	wrong.sigev_signo = 100;
	E(mq_notify(q, &wrong));
	E(mq_notify(q, &e));
	E(mq_notify(q, &e));
	E(mq_send(q, "one", 4, 0));
	printf("told %d %d %d\n", told, value, from);
	E(mq_send(q, "two", 4, 0));
	printf("told %d\n", told);
	receive(q);
	receive(q);
	E(mq_send(q, "three", 6, 0));
	printf("told %d\n", told);
	E(mq_notify(q, &e));
	E(mq_send(q, "four", 5, 0));
	printf("not empty before: told %d\n", told);
	receive(q);
	receive(q);
	E(mq_send(q, "five", 5, 0));
	printf("told %d\n", told);
	receive(q);
	E(mq_notify(q, &e));
	E(mq_notify(q, NULL));
	E(mq_send(q, "six", 4, 0));
	printf("told %d\n", told);
	receive(q);
	E(mq_notify(q, &quiet));
	E(mq_notify(q, &e));
	E(mq_notify(q, NULL));
	/* Who waits for a message gets it, and nobody is told. */
	E(mq_notify(q, &e));
	fflush(stdout);
	pid_t p = fork();
	if (p == 0) {
		usleep(200000);
		_exit(mq_send(q, "seven", 6, 2) != 0);
	}
	receive(q);
	E(waitpid(p, NULL, 0) == p);
	printf("told %d\n", told);
	E(mq_notify(q, NULL));
}

static void processes(mqd_t q)
{
	char text[32];
	int status;

	for (int i = 0; i < 4; i++)
		mq_send(q, "fill", 5, 0);
	fflush(stdout);
	pid_t p = fork();
	if (p == 0) {
		/* Sleeps until there is room. */
		for (int i = 0; i < 20; i++) {
			snprintf(text, sizeof text, "message %d", i);
			if (mq_send(q, text, strlen(text) + 1, 0))
				_exit(1);
		}
		_exit(0);
	}
	usleep(50000);
	for (int i = 0; i < 24; i++)
		receive(q);
	waitpid(p, &status, 0);
	printf("ended %d\n", status);
	struct rlimit l = { 1000, 1000 };
	struct mq_attr a = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
	setrlimit(RLIMIT_MSGQUEUE, &l);
	OPENS(mq_open("/queue.too.large", O_RDWR | O_CREAT, 0600, &a));
}

int main(void)
{
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	struct stat s;

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	snprintf(name, sizeof name, "/tessera-%d", getpid());
	names();
	mqd_t q = mq_open(name, O_RDWR);
	E(fstat(q, &s));
	printf("%o %ld\n", s.st_mode, (long)s.st_uid);
	attributes(q);
	order(q);
	modes();
	notification(q);
	processes(q);
	E(mq_unlink(name));
	OPENS(mq_open(name, O_RDWR));
	E(mq_send(q, "still", 6, 0));
	receive(q);
	E(mq_close(q));
	E(mq_close(q));
	a.mq_maxmsg = 1;
	OPENS(mq_open(name, O_RDWR | O_CREAT, 0600, &a));
	E(mq_unlink(name));
	return 0;
}
