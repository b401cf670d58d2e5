using System.Net.Sockets;
using System.Text;

namespace ConcertDapr.Soak;

/// <summary>An app that answers its sidecar's first questions properly and everything else with garbage.</summary>
internal sealed class BadApp(int seed) : FakeServer
{
    public const string Id = "bad";

    private static readonly string[] Answers =
    [
        "", "\r\n\r\n", "hello", "HTTP/1.1 999 What\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/7.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{\"a\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: :::\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"status\":\"MAYBE\"}", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        $"HTTP/1.1 200 OK\r\nBig: {new string('x', 100_000)}\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: \u00ff\u00fe;;=\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 404 Gone\r\nContent-Length: 1\r\n\r\nx",
    ];

    protected override async Task ServeAsync(NetworkStream stream, int number, CancellationToken cancellationToken)
    {
        var random = new Random(HashCode.Combine(seed, number));
        var buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            var head = Encoding.Latin1.GetString(buffer, 0, read);
            if (Proper(head) is { } proper)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {proper.Length}\r\n\r\n{proper}"), cancellationToken);
                continue;
            }
            await stream.WriteAsync(Encoding.Latin1.GetBytes(Answers[random.Next(Answers.Length)]), cancellationToken);
            if (random.Next(4) > 0) return;
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), cancellationToken); // Nobody asked.
            return;
        }
    }

    private static string? Proper(string head) =>
        head.StartsWith("GET /dapr/config ", StringComparison.Ordinal) ? """{"entities":["Bad"]}"""
        : !head.StartsWith("GET /dapr/subscribe ", StringComparison.Ordinal) ? null
        : """[{"pubsubname":"pubsub","topic":"bad","route":"/e","deadLetterTopic":"dead"},{"pubsubname":"fakebus","topic":"t","route":"/f"}]""";
}
