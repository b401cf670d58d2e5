using System.Text;

namespace ConcertDapr.Soak;

/// <summary>
/// Bytes that are not HTTP, or not all of it. What is complete must be answered with 4xx or 5xx; what cannot be understood
/// as a request, or was cut, may also be met by closing.
/// </summary>
internal sealed class HttpWireAttack(int port) : IAttack
{
    private const string Save = "POST /v1.0/state/statestore HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

    private static readonly Func<Random, string>[] Whole =
    [
        _ => "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        _ => "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        _ => "G\0T /v1.0/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        _ => "GET /v1.0/healthz\r\n\r\n",
        _ => "GET /v1.0/healthz HTTP/1.1\r\n\r\n",
        _ => "GET /v1.0/healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        _ => "GET /v1.0/healthz HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n",
        _ => "GET /v1.0/healthz HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
        _ => "GET /v1.0/healthz HTTP/1.1\r\nHost: x\r\n folded: yes\r\n\r\n",
        random => $"{Random(random, 2000, 'A', 26)} / HTTP/1.1\r\nHost: x\r\n\r\n",
        random => $"GET /{Random(random, 100_000, 'a', 26)} HTTP/1.1\r\nHost: x\r\n\r\n",
        random => $"GET /v1.0/healthz HTTP/1.1\r\nHost: x\r\nBig: {Random(random, 100_000, 'a', 26)}\r\n\r\n",
        _ => $"GET /v1.0/healthz HTTP/1.1\r\nHost: x\r\n{string.Concat(Enumerable.Range(0, 2000).Select(n => $"H{n}: {n}\r\n"))}\r\n",
        _ => Save + "Content-Length: -1\r\n\r\n",
        _ => Save + "Content-Length: 99999999999999999999\r\n\r\n",
        _ => Save + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        _ => Save + "Content-Length: 100000000\r\n\r\n",
        _ => Save + "Transfer-Encoding: bogus\r\n\r\n[]",
        _ => Save + "Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n",
        _ => Save + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n[]",
        _ => Save + "Transfer-Encoding: chunked\r\n\r\n2\r\n[]XX0\r\n\r\n",
        _ => Save + "Transfer-Encoding: chunked\r\n\r\n-2\r\n[]\r\n0\r\n\r\n",
    ];

    private static readonly Func<Random, string>[] Cut =
    [
        random => Random(random, 200, '\0', 256),
        random => Random(random, 200, '\0', 256) + "\r\n\r\n",
        _ => "POST /v1.0/state/statestore HTTP/1.1\r\nHost: x\r\nConte",
        _ => Save + "Content-Length: 100\r\n\r\n[{\"key\":\"k\"",
        _ => Save + "Transfer-Encoding: chunked\r\n\r\n64\r\n[{\"key\":",
        _ => "POST /v1.0/publish/pubsub/t HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
        _ => "POST /v1.0/invoke/app/method/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
        _ => "POST /v1.0/invoke/app/method/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz",
        _ => "PUT /v1.0/actors/Counter/cut/method/none HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
        _ => "POST /v1.0-alpha1/lock/lockstore HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        _ => "POST /v1.0/workflows/dapr/None/start?instanceID=cut HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    ];

    public async Task SendAsync(Random random)
    {
        var isWhole = random.Next(2) == 0;
        var text = isWhole ? Whole[random.Next(Whole.Length)](random) : Cut[random.Next(Cut.Length)](random);
        using var connection = await RawConnection.OpenAsync(port);
        var wasSent = await connection.SendAsync(Encoding.Latin1.GetBytes(text));
        if (!isWhole && random.Next(2) == 0) return; // Reset, with whatever was under way.
        if (!isWhole) connection.EndSending();
        var what = text.Length > 120 ? text[..120] + "…" : text;
        try
        {
            var answer = await connection.ReadAsync(HasStatus);
            if (answer.Length == 0 && (!isWhole || !wasSent)) return;
            WrongAnswerException.Unless(answer.Length > 12 && answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && answer[9] is '4' or '5', what, answer);
        }
        catch (TimeoutException e)
        {
            throw new WrongAnswerException($"{what}: {e.Message}");
        }
    }

    private static bool HasStatus(string answer) => answer.Contains("\r\n\r\n", StringComparison.Ordinal);

    private static string Random(Random random, int length, char first, int kinds) =>
        string.Create(length, random, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = (char)(first + source.Next(kinds));
        });
}
