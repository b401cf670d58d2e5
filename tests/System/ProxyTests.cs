using System.Net;
using System.Net.Sockets;

namespace ConcertDapr.Tests;

/// <summary>The limit per address counts the fan's address, not the ingress's, where and only where the ingress is trusted.</summary>
public sealed class ProxyTests
{
    private const int Burst = 100;
    private const int ManyMore = 400;

    [Theory]
    [InlineData("127.0.0.0/8", true)]
    [InlineData("10.0.0.0/8, ::1/128", false)]
    [InlineData("", false)]
    public async Task Fans_behind_a_proxy_have_a_limit_each_only_where_the_proxy_is_trusted(string trusted, bool isEachTheirOwn)
    {
        await using var gateway = await LoneGateway.StartAsync(trusted);

        var fromManyFans = await gateway.SendAsync(ManyMore, n => $"192.0.2.{n % 250}");

        // What asked whether the gateway is up has taken something of the burst as well.
        fromManyFans.Count(s => s == HttpStatusCode.TooManyRequests).ShouldBeInRange(isEachTheirOwn ? 0 : 1, isEachTheirOwn ? 0 : ManyMore - (Burst / 2));
    }

    [Fact]
    public async Task One_fan_behind_a_trusted_proxy_is_limited_whatever_else_they_put_before_their_address()
    {
        await using var gateway = await LoneGateway.StartAsync("127.0.0.0/8");

        var fromOneFan = await gateway.SendAsync(ManyMore, n => $"10.9.{n / 250}.{n % 250}, 198.51.100.7");

        fromOneFan.ShouldContain(HttpStatusCode.TooManyRequests);
    }

    /// <summary>A gateway without a sidecar: enough to count requests.</summary>
    private sealed class LoneGateway(ProgramRun run, HttpClient http) : IAsyncDisposable
    {
        public static async Task<LoneGateway> StartAsync(string trusted)
        {
            var port = FreePort();
            var run = ProgramRun.Start(["dotnet", Repository.App("gateway")], new Dictionary<string, string>
            {
                ["APP_PORT"] = $"{port}",
                ["APP_API_TOKEN"] = new('a', 40),
                ["QueueToken__Keys"] = $"k1:{new string('q', 40)}",
                ["Limits__AddressPerSecond"] = $"{Burst / 2}",
                ["Proxy__Trusted"] = trusted,
            });
            var gateway = new LoneGateway(run, new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") });
            await Eventually.UntilAsync(gateway.IsUpAsync, up => up);
            return gateway;
        }

        public async Task<IReadOnlyList<HttpStatusCode>> SendAsync(int count, Func<int, string> forwardedFor) =>
            await Task.WhenAll(Enumerable.Range(0, count).Select(async n =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/livez");
                request.Headers.Add("X-Forwarded-For", forwardedFor(n));
                using var response = await http.SendAsync(request);
                return response.StatusCode;
            }));

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            run.Process.Kill(entireProcessTree: true);
            await run.Process.WaitForExitAsync();
            run.Dispose();
        }

        private async Task<bool> IsUpAsync()
        {
            try
            {
                return (await SendAsync(1, _ => "203.0.113.1")).Single() == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }

        private static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
