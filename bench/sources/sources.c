/* Four HTTP sources in one process and one thread, made to answer faster than anything that asks them.

   sources FOLDER CRM_PORT ORDERS_PORT SUPPORT_PORT BEHAVIOUR_PORT

   GET /crm/customers?ids=c00001,c00002           [{...}, ...]                                    unknown id: null
   GET /orders/by-customer?ids=...&limit=20       [{"customer_id": "c00001", "orders": [...]}, ...]
   GET /support/by-customer?ids=...&limit=10      [{"customer_id": "c00001", "tickets": [...]}, ...]
   GET /behaviour/events?ids=...&limit=20         [{"customer_id": "c00001", "events": [...]}, ...]
   GET /stats                                     {"crm": 1, "orders": 1, ...}: calls so far

   FOLDER is described in bench/data.py. Records are kept as the bytes that are sent, so a reply is a copy of them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KINDS = 4, LONGEST_REQUEST = 65536 };

/* Of one kind of record: the customers' records, each list joined by commas, and where its first 1, 2, ... records end. */
typedef struct {
    const char *name, *path;
    uint64_t calls;
    uint32_t customers;
    char **joined;
    uint32_t **ends, *counts;
} Kind;

static Kind kinds[KINDS] = {
    {.name = "crm", .path = "/crm/customers"},
    {.name = "orders", .path = "/orders/by-customer"},
    {.name = "tickets", .path = "/support/by-customer"},
    {.name = "events", .path = "/behaviour/events"},
};

typedef struct {
    int fd;
    char in[LONGEST_REQUEST];
    size_t in_length;
    char *out;
    size_t out_size, out_length, out_sent;
} Connection;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint32_t next_number(char **at) {
    uint32_t number;
    memcpy(&number, *at, 4);
    *at += 4;
    return number;
}

static void load(const char *folder, Kind *kind) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s.bin", folder, kind->name);
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    size_t size = ftell(file);
    rewind(file);
    char *packed = malloc(size), *at = packed;
    if (fread(packed, 1, size, file) != size) fail(path);
    fclose(file);
    uint32_t customers = kind->customers = next_number(&at);
    kind->joined = malloc(customers * sizeof(char *));
    kind->ends = malloc(customers * sizeof(uint32_t *));
    kind->counts = malloc(customers * sizeof(uint32_t));
    char *out = malloc(size); /* enough: a comma is shorter than a length */
    for (uint32_t customer = 0; customer < customers; customer++) {
        uint32_t count = kind->counts[customer] = next_number(&at), length = 0;
        kind->ends[customer] = malloc((count + 1) * sizeof(uint32_t));
        kind->joined[customer] = out;
        for (uint32_t place = 0; place < count; place++) {
            uint32_t bytes = next_number(&at);
            if (place) out[length++] = ',';
            memcpy(out + length, at, bytes);
            at += bytes;
            kind->ends[customer][place] = length += bytes;
        }
        out += length;
    }
    free(packed);
}

static void put(Connection *to, const char *bytes, size_t length) {
    if (to->out_length + length > to->out_size) {
        while (to->out_length + length > to->out_size) to->out_size = to->out_size ? to->out_size * 2 : 65536;
        to->out = realloc(to->out, to->out_size);
    }
    memcpy(to->out + to->out_length, bytes, length);
    to->out_length += length;
}

static void put_customer(Connection *to, const Kind *kind, const char *id, int id_length, uint32_t limit) {
    const char *number = *id == 'c' ? id + 1 : strncmp(id, "user", 4) ? NULL : id + 4; /* an id, or an e-mail address */
    uint32_t customer = number ? strtoul(number, NULL, 10) : UINT32_MAX;
    int known = customer < kind->customers, is_list = kind != &kinds[0];
    if (is_list) {
        char head[160];
        put(to, head, snprintf(head, sizeof head, "{\"customer_id\":\"%.*s\",\"%s\":[", id_length < 64 ? id_length : 64, id, kind->name));
    } else if (!known) {
        put(to, "null", 4);
    }
    if (known) {
        uint32_t count = kind->counts[customer] < limit ? kind->counts[customer] : limit;
        if (count) put(to, kind->joined[customer], kind->ends[customer][count - 1]);
    }
    if (is_list) put(to, "]}", 2);
}

static void put_records(Connection *to, Kind *kind, const char *query, const char *end) {
    const char *ids = strstr(query, "ids="), *limit = strstr(query, "limit=");
    kind->calls++;
    put(to, "[", 1);
    for (ids = ids ? ids + 4 : end; ids < end && *ids != '&';) {
        const char *stop = ids + strcspn(ids, ",&%");
        if (!strncmp(stop, "%40", 3)) stop += 3 + strcspn(stop + 3, ",&%"); /* the @ of an e-mail address */
        put_customer(to, kind, ids, stop - ids, limit ? strtoul(limit + 6, NULL, 10) : UINT32_MAX);
        ids = stop + (*stop == ',' ? 1 : *stop == '%' ? 3 : 0); /* a comma may come as %2C */
        if (ids < end && *ids != '&') put(to, ",", 1);
    }
    put(to, "]", 1);
}

static void put_stats(Connection *to) {
    char one[64];
    for (int kind = 0; kind < KINDS; kind++)
        put(to, one, sprintf(one, "%c\"%s\":%lu", kind ? ',' : '{', kinds[kind].name, (unsigned long)kinds[kind].calls));
    put(to, "}", 1);
}

/* `target` is ended by a zero where the request had a space. */
static void respond(Connection *to, char *target) {
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
    size_t length_at = to->out_length + sizeof head - 1;
    put(to, head, sizeof head - 1);
    put(to, "          \r\n\r\n", 14);
    size_t body_at = to->out_length, path_length = strcspn(target, "?");
    Kind *asked = NULL;
    for (int kind = 0; kind < KINDS; kind++)
        if (strlen(kinds[kind].path) == path_length && !memcmp(kinds[kind].path, target, path_length)) asked = &kinds[kind];
    if (asked)
        put_records(to, asked, target + path_length, target + strlen(target));
    else
        put_stats(to);
    char length[16];
    sprintf(length, "%10zu", to->out_length - body_at);
    memcpy(to->out + length_at, length, 10);
}

/* 1: there is more to send, 0: all is sent, -1: the other end is gone. */
static int send_out(Connection *to) {
    while (to->out_sent < to->out_length) {
        ssize_t sent = send(to->fd, to->out + to->out_sent, to->out_length - to->out_sent, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN ? 1 : -1;
        to->out_sent += sent;
    }
    to->out_length = to->out_sent = 0;
    return 0;
}

static int receive(Connection *from) {
    ssize_t got = recv(from->fd, from->in + from->in_length, sizeof from->in - from->in_length, 0);
    if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
    from->in_length += got;
    char *end;
    while ((end = memmem(from->in, from->in_length, "\r\n\r\n", 4))) {
        char *target = memchr(from->in, ' ', end - from->in);
        char *stop = target ? memchr(target + 1, ' ', end - target - 1) : NULL;
        if (!stop) return -1;
        *stop = 0;
        respond(from, target + 1);
        size_t used = end + 4 - from->in;
        memmove(from->in, from->in + used, from->in_length -= used);
    }
    return from->in_length == sizeof from->in ? -1 : 0;
}

static void watch(int poll, int operation, Connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(poll, operation, connection->fd, &event);
}

static void serve(int poll, Connection *connection, uint32_t events) {
    int left = events & EPOLLOUT ? send_out(connection) : 0;
    if (left >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) left = receive(connection) < 0 ? -1 : send_out(connection);
    if (left >= 0) {
        if (left || events & EPOLLOUT) watch(poll, EPOLL_CTL_MOD, connection, left ? EPOLLIN | EPOLLOUT : EPOLLIN);
        return;
    }
    close(connection->fd);
    free(connection->out);
    free(connection);
}

static void welcome(int poll, int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        Connection *connection = calloc(1, sizeof(Connection));
        connection->fd = fd;
        watch(poll, EPOLL_CTL_ADD, connection, EPOLLIN);
    }
}

int main(int count, char **words) {
    static Connection listeners[KINDS];
    int poll = epoll_create1(0), yes = 1;
    if (count != 2 + KINDS) return fprintf(stderr, "usage: sources FOLDER PORT PORT PORT PORT\n"), 2;
    for (int kind = 0; kind < KINDS; kind++) load(words[1], &kinds[kind]);
    for (int kind = 0; kind < KINDS; kind++) {
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(atoi(words[2 + kind])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = listeners[kind].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(fd, (void *)&address, sizeof address) || listen(fd, 1024)) fail("bind");
        watch(poll, EPOLL_CTL_ADD, &listeners[kind], EPOLLIN);
    }
    struct epoll_event ready[256];
    for (;;) {
        int found = epoll_wait(poll, ready, 256, -1);
        for (int place = 0; place < found; place++) {
            Connection *connection = ready[place].data.ptr;
            if (connection >= listeners && connection < listeners + KINDS)
                welcome(poll, connection->fd);
            else
                serve(poll, connection, ready[place].events);
        }
    }
}
