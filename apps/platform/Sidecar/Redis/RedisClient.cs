namespace ConcertDapr.Sidecar.Redis;

/// <summary>
/// A Redis server seen through one shared, pipelined connection that is opened on demand and opened again after a loss.
/// A command that was under way when the connection broke is not repeated: only its caller knows whether it may be.
/// </summary>
internal sealed class RedisClient(RedisOptions options) : IAsyncDisposable
{
    private int disposed;
    private static readonly TimeSpan[] ConnectPauses = [TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(250)];

    private readonly Lock gate = new();
    private readonly CancellationTokenSource closing = new();
    private Task<RedisConnection>? connecting;
    private volatile RedisConnection? current;

    public RedisOptions Options => options;

    /// <summary>Sends one command; the reply may be an error reply (<see cref="RespReply.Checked"/>).</summary>
    /// <exception cref="RedisConnectionException">No connection, or it ended before the reply.</exception>
    public Task<RespReply> SendAsync(CancellationToken cancellationToken, params ReadOnlySpan<RedisArg> command)
    {
        var connection = current;
        if (connection is { IsBroken: false }) return Cancellable(connection.SendAsync(command), cancellationToken);
        return SendSlowAsync(command.ToArray(), cancellationToken);
    }

    /// <summary>Like <see cref="SendAsync"/> for a command without effect: sent again once when the connection broke.</summary>
    public async Task<RespReply> ReadAsync(CancellationToken cancellationToken, params RedisArg[] command)
    {
        try
        {
            return await SendAsync(cancellationToken, command);
        }
        catch (RedisConnectionException) when (!closing.IsCancellationRequested)
        {
            return await SendSlowAsync(command, cancellationToken);
        }
    }

    /// <summary>Sends commands back to back in one write.</summary>
    public async Task<RespReply[]> SendManyAsync(IReadOnlyList<RedisArg[]> commands, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(cancellationToken);
        return await Cancellable(connection.SendManyAsync(commands), cancellationToken);
    }

    /// <summary>The commands between MULTI and EXEC; one reply for each, of which some may be errors.</summary>
    /// <exception cref="RedisServerException">The server refused the transaction as a whole.</exception>
    /// <exception cref="RedisProtocolException">The replies are not as many as the commands.</exception>
    public async Task<RespReply[]> TransactAsync(IReadOnlyList<RedisArg[]> commands, CancellationToken cancellationToken)
    {
        var replies = await SendManyAsync([["MULTI"], .. commands, ["EXEC"]], cancellationToken);
        var items = replies[^1].Checked().Items;
        return items.Length == commands.Count ? items
            : throw new RedisProtocolException($"Redis answered {commands.Count} commands of a transaction with {items.Length} replies");
    }

    /// <summary>Opens the connection now, so that a wrong address shows at start.</summary>
    public async Task<RedisConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        if (current is { IsBroken: false } connection) return connection;
        Task<RedisConnection> attempt;
        lock (gate)
        {
            if (connecting is null || Finished(connecting)) connecting = ConnectWithRetriesAsync();
            attempt = connecting;
        }
        return await attempt.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        await closing.CancelAsync();
        Task<RedisConnection>? last;
        lock (gate) last = connecting;
        if (last is not null)
        {
            await last.ContinueWith(static _ => { }, TaskScheduler.Default);
            if (last.IsCompletedSuccessfully) await (await last).DisposeAsync();
        }
        closing.Dispose();
    }

    private static bool Finished(Task<RedisConnection> attempt) =>
        attempt.IsCompleted && (!attempt.IsCompletedSuccessfully || attempt.Result.IsBroken);

    private static Task<T> Cancellable<T>(Task<T> task, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled && !task.IsCompleted ? task.WaitAsync(cancellationToken) : task;

    private async Task<RespReply> SendSlowAsync(RedisArg[] command, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(cancellationToken);
        return await Cancellable(connection.SendAsync(command), cancellationToken);
    }

    private async Task<RedisConnection> ConnectWithRetriesAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return current = await RedisConnection.OpenAsync(options, closing.Token);
            }
            catch (RedisConnectionException) when (attempt < ConnectPauses.Length)
            {
                await Task.Delay(ConnectPauses[attempt], closing.Token);
            }
        }
    }
}
