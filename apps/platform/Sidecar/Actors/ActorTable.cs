using System.Collections.Concurrent;
using System.Globalization;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Leases;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>The actors active at this sidecar: their turns, the calls of the app, and their deactivation.</summary>
internal sealed class ActorTable(SidecarRuntime runtime, Func<ActorKey, Lease?> leaseOf, ILogger log)
{
    private const string Reentrancy = "Dapr-Reentrancy-Id";

    private readonly ConcurrentDictionary<ActorKey, ActorInstance> instances = new();

    public bool IsActive(ActorKey actor) => instances.ContainsKey(actor);

    public int Count(string type) => instances.Keys.Count(key => key.Type == type);

    public IEnumerable<ActorKey> Active => instances.Keys;

    /// <summary>Calls the app within the actor's turn, which ends when the app has answered or the caller has gone.</summary>
    /// <exception cref="ActorCallException">The app did not answer 200.</exception>
    /// <exception cref="ActorMovedException">The actor has gone to another replica; the app was not called.</exception>
    public async Task<ActorReply> CallAsync(ActorCall call, ActorTypeSettings settings, CancellationToken cancellationToken)
    {
        var chain = settings.Reentrant && !call.IsTick ? ReentrancyId(call) : null;
        while (true)
        {
            var instance = instances.GetOrAdd(call.Actor, key => new ActorInstance(key, settings, runtime.Clock.GetUtcNow()));
            var entering = instance.EnterAsync(chain, cancellationToken);
            var waited = !entering.IsCompleted;
            if (!await entering) continue;
            try
            {
                if (waited && call.CallerHasLeft()) throw new ActorCallException("the caller left while it waited for its turn") { IsFinal = true };
                instance.LastUsed = runtime.Clock.GetUtcNow();
                return leaseOf(call.Actor) is { } lease
                    ? await UnderLeaseAsync(call, chain, lease, cancellationToken)
                    : await SendAsync(call, chain, cancellationToken);
            }
            finally
            {
                instance.Leave();
            }
        }
    }

    /// <summary>Deactivates every actor that is idle too long and not in a turn.</summary>
    public Task DeactivateIdleAsync()
    {
        var now = runtime.Clock.GetUtcNow();
        var idle = instances.Values.Where(one => one.Turn.IsFree && one.LastUsed + one.Settings.IdleTimeout <= now);
        return Task.WhenAll(idle.Select(instance => DeactivateAsync(instance,
            stillWanted: () => instance.LastUsed + instance.Settings.IdleTimeout <= runtime.Clock.GetUtcNow(), CancellationToken.None)));
    }

    /// <summary>
    /// Deactivates these actors once their turns have ended; after the drain timeout in any case, or, with
    /// <paramref name="onlyIdle"/>, not those that are still in a turn.
    /// </summary>
    public Task DeactivateAsync(IEnumerable<ActorKey> actors, bool onlyIdle = false) => Task.WhenAll(actors.Select(async key =>
    {
        if (!instances.TryGetValue(key, out var instance)) return;
        using var drain = new CancellationTokenSource(instance.Settings.DrainTimeout);
        await DeactivateAsync(instance, () => !onlyIdle || !drain.IsCancellationRequested, drain.Token);
    }));

    /// <summary>The chain of a call: the caller's, or a new one.</summary>
    private static string ReentrancyId(ActorCall call)
    {
        foreach (var (name, value) in call.Headers)
            if (name.Equals(Reentrancy, StringComparison.OrdinalIgnoreCase)) return value.ToString();
        return Guid.NewGuid().ToString();
    }

    private async Task DeactivateAsync(ActorInstance instance, Func<bool> stillWanted, CancellationToken drain)
    {
        var hasTurn = true;
        try
        {
            await instance.Turn.EnterAsync(drain);
        }
        catch (OperationCanceledException)
        {
            hasTurn = false;
        }
        try
        {
            if (instance.Gone || !stillWanted()) return;
            // The app hears of the end before anybody can activate the actor again.
            await TellAsync(instance.Key);
            instance.Gone = true;
            instances.TryRemove(new KeyValuePair<ActorKey, ActorInstance>(instance.Key, instance));
        }
        finally
        {
            if (hasTurn) instance.Turn.Leave();
        }
    }

    private async Task TellAsync(ActorKey actor)
    {
        try
        {
            using var request = runtime.App.Request(HttpMethod.Delete, PathOf(actor));
            request.Content = new ByteArrayContent([]);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/x-protobuf");
            using var timeout = new CancellationTokenSource(runtime.Options.GracefulShutdown);
            using var answer = await runtime.App.SendAsync(request, timeout.Token, evenIfUnhealthy: true);
            if ((int)answer.Response.StatusCode != 200) log.DeactivationRefused(actor.ToString(), $"status code {(int)answer.Response.StatusCode}");
        }
        catch (Exception e) when (e is AppUnreachableException or HttpRequestException or OperationCanceledException)
        {
            log.DeactivationRefused(actor.ToString(), e.Message);
        }
    }

    /// <summary>A turn whose lease ends is broken off: its successor may begin elsewhere at any time.</summary>
    private async Task<ActorReply> UnderLeaseAsync(ActorCall call, string? chain, Lease lease, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            return await SendAsync(call, chain, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ActorCallException($"the turn of actor {call.Actor} was broken off: this replica lost its lease", inner: e);
        }
    }

    private static string PathOf(ActorKey actor) => $"/actors/{PathText.Escape(actor.Type)}/{PathText.Escape(actor.Id)}";

    private async Task<ActorReply> SendAsync(ActorCall call, string? chain, CancellationToken cancellationToken)
    {
        using var request = runtime.App.Request(HttpMethod.Put, $"{PathOf(call.Actor)}/{call.Path}{call.Query}");
        request.Content = new ReadOnlyMemoryContent(call.Body);
        if (call.ContentType is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", call.ContentType);
        AddHeaders(request, call, chain);
        try
        {
            using var answer = await runtime.App.SendAsync(request, cancellationToken);
            return await ReadAsync(answer.Response, call, cancellationToken);
        }
        catch (Exception e) when (e is AppUnreachableException or HttpRequestException or IOException)
        {
            throw new ActorCallException(e.Message, inner: e);
        }
    }

    private void AddHeaders(LinedRequest request, ActorCall call, string? chain)
    {
        if (call.IsTick) return;
        foreach (var (name, values) in call.Headers)
            if (!name.Equals("dapr-api-token", StringComparison.OrdinalIgnoreCase) || string.IsNullOrEmpty(runtime.Options.AppApiToken))
                request.TryAddLines(name, values);
        request.Headers.TryAddWithoutValidation("Dapr-Api-Call", "true");
        request.Headers.TryAddWithoutValidation("Dapr-Caller-App-Id", runtime.AppId);
        request.Headers.TryAddWithoutValidation("Dapr-Caller-Namespace", runtime.Namespace);
        if (call.Remote) request.Headers.TryAddWithoutValidation("X-Dapr-Remote", "true");
        if (chain is null) return;
        request.Headers.Remove(Reentrancy);
        request.Headers.TryAddWithoutValidation(Reentrancy, chain);
    }

    private static async Task<ActorReply> ReadAsync(HttpResponseMessage response, ActorCall call, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var status = (int)response.StatusCode;
        if (status == 404)
            throw new ActorCallException($"actor method not found: actors/{call.Actor}/{call.Path}", 404) { IsFinal = !call.IsTick };
        if (status != 200)
            throw new ActorCallException(string.Create(CultureInfo.InvariantCulture, $"error from actor service: ({status}) {System.Text.Encoding.UTF8.GetString(body)}"), status);
        var headers = new List<KeyValuePair<string, StringValues>>();
        foreach (var (name, values) in response.Headers.NonValidated)
            if (!InvokeHeaders.IsHopByHop(name)) headers.Add(new(name, values.ToArray()));
        foreach (var (name, values) in response.Content.Headers.NonValidated)
            if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)) headers.Add(new(name, values.ToArray()));
        return new ActorReply(body, headers);
    }
}
