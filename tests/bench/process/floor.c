/* The floor under a start: a static program that connects to the Runtime API, asks for its first event and waits.
 * Built by `measure` with `cc -O2 -static`. Its one argument is a port of 127.0.0.1. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] =
    "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    char answer[512];
    int connection = socket(AF_INET, SOCK_STREAM, 0);

    if (argc != 2 || connection < 0)
        return 2;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        return 1;
    if (write(connection, request, sizeof request - 1) != (ssize_t)(sizeof request - 1))
        return 1;
    return read(connection, answer, sizeof answer) < 0;
}
