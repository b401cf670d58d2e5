using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConcertDapr.Tests;

/// <summary>What the soak run found, one by one.</summary>
public sealed class MalformedInputTests
{
    private const string Save = "POST /v1.0/state/store HTTP/1.1\r\nHost: x\r\n";

    [Theory]
    [InlineData(Save + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n[]")]
    [InlineData(Save + "Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n")]
    [InlineData(Save + "Transfer-Encoding: chunked\r\n\r\n2\r\n[]XX0\r\n\r\n")]
    public async Task A_body_that_is_not_http_is_refused_with_a_reason(string request)
    {
        await using var sidecar = await TestSidecar.StartAsync("app", resources: TestSidecar.Component("store", "state.in-memory"));
        var answer = await SendAsync(sidecar.HttpPort, request, until: "}");
        answer.ShouldStartWith("HTTP/1.1 400 ");
        answer.ShouldContain("ERR_MALFORMED_REQUEST");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("HTTP/1.1 what\r\n\r\n")]
    [InlineData("")]
    public async Task An_app_that_answers_garbage_is_an_error_with_a_reason(string garbage)
    {
        using var app = new GarbageApp(garbage);
        await using var sidecar = await StartAsync(app);
        var answer = await sidecar.Http.GetAsync("/v1.0/invoke/app/method/any");
        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("ERR_DIRECT_INVOKE");
    }

    [Fact]
    public async Task An_answer_that_breaks_off_at_the_app_breaks_off_at_the_caller()
    {
        using var app = new GarbageApp("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        await using var sidecar = await StartAsync(app);
        var answer = await SendAsync(sidecar.HttpPort, "GET /v1.0/invoke/app/method/any HTTP/1.1\r\nHost: x\r\n\r\n");
        answer.ShouldStartWith("HTTP/1.1 200 ");
        answer.ShouldContain("Content-Length: 100");
        answer.ShouldEndWith("\r\n\r\nabc");
    }

    private static Task<TestSidecar> StartAsync(GarbageApp app) =>
        TestSidecar.StartAsync("app", change: o => o with { AppPort = app.Port, DisabledInitEndpoints = ["config", "subscribe"] });

    /// <summary>Sends bytes and returns all that comes, until the end of the answer or until the sidecar closes.</summary>
    private static async Task<string> SendAsync(int port, string request, string? until = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.Client.SendAsync(Encoding.Latin1.GetBytes(request));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            while (await client.Client.ReceiveAsync(buffer, patience.Token) is var read and > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
                if (until is not null && text.ToString().EndsWith(until, StringComparison.Ordinal)) break;
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Another way to close.
        }
        return text.ToString();
    }

    /// <summary>Answers every request with the same bytes and closes.</summary>
    private sealed class GarbageApp : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);

        public GarbageApp(string answer)
        {
            listener.Start();
            _ = ServeAsync(Encoding.Latin1.GetBytes(answer));
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public void Dispose() => listener.Dispose();

        private async Task ServeAsync(byte[] answer)
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync();
                    if (await client.Client.ReceiveAsync(new byte[4096]) > 0) await client.Client.SendAsync(answer);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }
    }
}
