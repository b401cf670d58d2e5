using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Tests;

public sealed class RedisClientTests(RedisServer redis)
{
    [Fact]
    public async Task Many_commands_at_once_get_their_own_answers()
    {
        await using var client = redis.Client();
        var answers = await Task.WhenAll(Enumerable.Range(0, 2000)
            .Select(async i => (await client.SendAsync(default, "ECHO", $"v{i}")).Text == $"v{i}"));
        answers.ShouldAllBe(same => same);
    }

    [Fact]
    public async Task A_script_unknown_to_the_server_is_sent_whole()
    {
        await using var client = redis.Client();
        var script = new RedisScript("return {KEYS[1], ARGV[1]} -- " + Guid.NewGuid());
        for (var i = 0; i < 2; i++)
            (await script.RunAsync(client, "k", ["a"], default)).Items.Select(item => item.Text).ShouldBe(["k", "a"]);
    }

    [Fact]
    public async Task A_failed_command_in_a_transaction_leaves_the_others()
    {
        await using var client = redis.Client();
        var key = Guid.NewGuid().ToString();
        var replies = await client.TransactAsync([["SET", key, "x"], ["INCR", key], ["GET", key]], default);
        replies[1].IsError.ShouldBeTrue();
        replies[2].Text.ShouldBe("x");
    }

    [Fact]
    public async Task A_closed_port_is_named_in_the_error()
    {
        await using var client = new RedisClient(new RedisOptions { Host = "127.0.0.1", Port = RedisServer.FreePort() });
        var error = await Should.ThrowAsync<RedisConnectionException>(() => client.SendAsync(default, "PING"));
        error.Message.ShouldContain(client.Options.EndPoint);
    }

    [Fact]
    public async Task A_connection_cut_under_way_fails_the_call_and_the_next_one_reconnects()
    {
        using var server = new FakeServer(["+PONG\r\n", null], ["+PONG\r\n", "+again\r\n"]);
        await using var client = new RedisClient(server.Options);
        await Should.ThrowAsync<RedisConnectionException>(() => client.SendAsync(default, "SET", "a", "b"));
        (await client.SendAsync(default, "GET", "a")).Text.ShouldBe("again");
    }

    [Fact]
    public async Task A_read_is_repeated_once_after_a_cut_connection()
    {
        using var server = new FakeServer(["+PONG\r\n", null], ["+PONG\r\n", "+value\r\n"]);
        await using var client = new RedisClient(server.Options);
        (await client.ReadAsync(default, "GET", "a")).Text.ShouldBe("value");
    }

    [Fact]
    public async Task Garbage_breaks_the_connection_and_not_the_client()
    {
        using var server = new FakeServer(["+PONG\r\n", "HTTP/1.1 400\r\n"], ["+PONG\r\n", "+fine\r\n"]);
        await using var client = new RedisClient(server.Options);
        (await Should.ThrowAsync<RedisConnectionException>(() => client.SendAsync(default, "SET", "a", "b")))
            .InnerException.ShouldBeOfType<RedisProtocolException>();
        (await client.SendAsync(default, "GET", "a")).Text.ShouldBe("fine");
    }

    [Fact]
    public async Task A_silent_server_times_out()
    {
        using var server = new FakeServer(["+PONG\r\n", ""]);
        await using var client = new RedisClient(server.Options with { CommandTimeout = TimeSpan.FromSeconds(2) });
        await client.ConnectAsync(default);
        var error = await Should.ThrowAsync<RedisConnectionException>(() => client.SendAsync(default, "GET", "a"));
        error.GetBaseException().ShouldBeOfType<TimeoutException>();
    }

    [Fact]
    public async Task A_cancelled_caller_does_not_disturb_the_answers_of_others()
    {
        await using var client = redis.Client();
        using var cancel = new CancellationTokenSource();
        var blocked = client.SendAsync(cancel.Token, "BLPOP", Guid.NewGuid().ToString(), "0.2");
        var next = client.SendAsync(default, "ECHO", "mine");
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => blocked);
        (await next).Text.ShouldBe("mine");
    }

    /// <summary>Answers each command of each connection with the next scripted text; null closes, "" says nothing.</summary>
    private sealed class FakeServer : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);

        // Held until the end of the test: a socket that nobody holds is closed by the garbage collector.
        private readonly ConcurrentBag<Socket> open = [];

        public FakeServer(params string?[][] connections)
        {
            listener.Start();
            _ = ServeAsync(connections);
        }

        public RedisOptions Options => new() { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port };

        public void Dispose()
        {
            listener.Dispose();
            foreach (var socket in open) socket.Dispose();
        }

        private async Task ServeAsync(string?[][] connections)
        {
            foreach (var answers in connections)
            {
                var socket = await listener.AcceptSocketAsync();
                open.Add(socket);
                var buffer = new byte[4096];
                foreach (var answer in answers)
                {
                    if (await socket.ReceiveAsync(buffer) == 0) break;
                    if (answer is null) socket.Dispose();
                    else await socket.SendAsync(Encoding.UTF8.GetBytes(answer));
                }
            }
        }
    }
}
