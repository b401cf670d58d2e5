using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;

namespace ConcertDapr.Sidecar.Redis;

/// <summary>
/// One socket with pipelining: commands are answered in the order they were sent, and many may be under way.
/// After any failure the connection is broken for good and every waiting command fails.
/// </summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private const int FirstBuffer = 16 * 1024;

    // A buffer that one backlog or one large value made larger than this is let go.
    private const int LargestBufferKept = 128 * 1024;

    private readonly RedisOptions options;
    private readonly Stream stream;
    private readonly Lock gate = new();
    private readonly Queue<PendingReply> pending = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ITimer watchdog;
    private ArrayBufferWriter<byte> filling = new(FirstBuffer);
    private ArrayBufferWriter<byte> sending = new(FirstBuffer);
    private bool flushing;
    private Exception? failure;
    private Task reading = Task.CompletedTask;

    private RedisConnection(RedisOptions options, Stream stream)
    {
        this.options = options;
        this.stream = stream;
        var period = TimeSpan.FromMilliseconds(Math.Max(50, options.CommandTimeout.TotalMilliseconds / 4));
        watchdog = TimeProvider.System.CreateTimer(_ => CheckTimeout(), null, period, period);
    }

    public bool IsBroken => Volatile.Read(ref failure) is not null;

    /// <exception cref="RedisConnectionException">The server cannot be reached or refuses the login.</exception>
    public static async Task<RedisConnection> OpenAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.DialTimeout);
        RedisConnection? connection = null;
        try
        {
            connection = new RedisConnection(options, await DialAsync(options, timeout.Token));
            connection.reading = Task.Run(connection.ReadLoopAsync, CancellationToken.None);
            await connection.LoginAsync().WaitAsync(timeout.Token);
            return connection;
        }
        catch (Exception e) when (e is SocketException or IOException or RedisServerException or OperationCanceledException
            or RedisConnectionException or System.Security.Authentication.AuthenticationException)
        {
            if (connection is not null) await connection.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            var reason = e is OperationCanceledException ? $"no answer within {options.DialTimeout.TotalSeconds:0.#} s" : e.Message;
            throw new RedisConnectionException($"redis: cannot connect to {options.EndPoint}: {reason}", e);
        }
    }

    /// <summary>Sends one command. The reply may be an error reply.</summary>
    /// <exception cref="RedisConnectionException">The connection ended before the reply.</exception>
    public Task<RespReply> SendAsync(ReadOnlySpan<RedisArg> command)
    {
        var reply = new PendingReply();
        lock (gate)
        {
            if (failure is not null) return Task.FromException<RespReply>(Broken(failure));
            RedisArg.WriteCommand(filling, command);
            pending.Enqueue(reply);
            if (flushing) return reply.Task;
            flushing = true;
        }
        _ = FlushAsync();
        return reply.Task;
    }

    /// <summary>Sends commands back to back: nothing of another caller comes between them.</summary>
    public Task<RespReply[]> SendManyAsync(IReadOnlyList<RedisArg[]> commands)
    {
        var replies = new Task<RespReply>[commands.Count];
        lock (gate)
        {
            if (failure is not null) return Task.FromException<RespReply[]>(Broken(failure));
            for (var i = 0; i < replies.Length; i++)
            {
                RedisArg.WriteCommand(filling, commands[i]);
                var reply = new PendingReply();
                pending.Enqueue(reply);
                replies[i] = reply.Task;
            }
            if (flushing) return Task.WhenAll(replies);
            flushing = true;
        }
        _ = FlushAsync();
        return Task.WhenAll(replies);
    }

    public async ValueTask DisposeAsync()
    {
        Fail(new ObjectDisposedException(nameof(RedisConnection)));
        await reading;
        stop.Dispose();
    }

    private static async Task<Stream> DialAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, cancellationToken);
            var network = new NetworkStream(socket, ownsSocket: true);
            return options.UseTls ? await SecureAsync(options, network, cancellationToken) : network;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Stream> SecureAsync(RedisOptions options, NetworkStream network, CancellationToken cancellationToken)
    {
        var tls = new SslStream(network);
        var authentication = new SslClientAuthenticationOptions { TargetHost = options.Host };
#pragma warning disable CA5359 // Asked for by the component's insecureSkipTLSVerify, which is off by default.
        if (options.SkipTlsVerify) authentication.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(authentication, cancellationToken);
        return tls;
    }

    private async Task LoginAsync()
    {
        if (options.Password is { Length: > 0 } password)
        {
            RedisArg[] login = options.Username is { Length: > 0 } user ? ["AUTH", user, password] : ["AUTH", password];
            (await SendAsync(login)).Checked();
        }
        if (options.Database != 0) (await SendAsync(["SELECT", options.Database])).Checked();
        // The first answer shows that this is a Redis server which accepts us, not merely an open port.
        (await SendAsync(["PING"])).Checked();
    }

    private async Task FlushAsync()
    {
        try
        {
            while (true)
            {
                lock (gate)
                {
                    if (filling.WrittenCount == 0 || failure is not null)
                    {
                        flushing = false;
                        return;
                    }
                    (filling, sending) = (sending, filling);
                }
                await stream.WriteAsync(sending.WrittenMemory, stop.Token);
                sending.ResetWrittenCount();
                if (sending.Capacity > LargestBufferKept) sending = new ArrayBufferWriter<byte>(FirstBuffer);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            Fail(e);
        }
    }

    private async Task ReadLoopAsync()
    {
        var reader = new RespReader(stream);
        try
        {
            while (true)
            {
                var reply = await reader.ReadAsync(stop.Token);
                PendingReply? next;
                lock (gate) pending.TryDequeue(out next);
                if (next is null) throw new RedisProtocolException("Redis sent a reply that nobody asked for");
                next.TrySetResult(reply);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or RedisProtocolException)
        {
            Fail(e);
        }
    }

    private void CheckTimeout()
    {
        lock (gate)
        {
            if (failure is not null || !pending.TryPeek(out var oldest)) return;
            if (Environment.TickCount64 - oldest.SentAt < options.CommandTimeout.TotalMilliseconds) return;
        }
        Fail(new TimeoutException($"no reply within {options.CommandTimeout.TotalSeconds:0.#} s"));
    }

    private void Fail(Exception reason)
    {
        PendingReply[] waiting;
        lock (gate)
        {
            if (failure is not null) return;
            failure = reason;
            waiting = [.. pending];
            pending.Clear();
        }
        watchdog.Dispose();
        stop.Cancel();
        stream.Dispose();
        foreach (var reply in waiting) reply.TrySetException(Broken(reason));
    }

    private RedisConnectionException Broken(Exception reason) =>
        new($"redis: connection to {options.EndPoint} lost: {reason.Message}", reason);

    /// <summary>What waits for a reply goes on where replies are read: nothing in a sidecar blocks, and a thread switch costs more.</summary>
    private sealed class PendingReply : TaskCompletionSource<RespReply>
    {
        public long SentAt { get; } = Environment.TickCount64;
    }
}
