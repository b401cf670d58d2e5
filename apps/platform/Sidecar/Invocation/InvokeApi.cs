using System.Net;
using ConcertDapr.Sidecar.Api;
using ConcertDapr.Sidecar.Resilience;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>Service invocation. Throws <see cref="DaprError"/>; an app's own answer is never an error here.</summary>
internal sealed class InvokeApi(SidecarOptions options, AppChannel app, SidecarRegistry registry, ResiliencySpecs resiliency)
    : IDisposable
{
    private static readonly RetryPolicy Reconnect = RetryPolicy.Constant(TimeSpan.FromSeconds(1), 3);

    private const string NoVerb = "rpc error: code = InvalidArgument desc = invalid HTTP verb";

    private readonly PeerClient peers = new();
    // Waiting for another process is a matter of real time, whatever clock the runtime has.
    private readonly ResiliencePolicy builtIn = new(null, Reconnect, null, null);
    private int next;

    /// <summary>Calls the target's app and returns its answer, of which the body is still to be read.</summary>
    public async Task<AppAnswer> InvokeAsync(InvokeCall call, CancellationToken cancellationToken)
    {
        try
        {
            var policy = resiliency.ForApp(call.AppId, call.Path);
            var attempt = 0;
            return policy is null
                ? await builtIn.RunAsync(token => AttemptAsync(Next(call, ref attempt), token), cancellationToken, e => e is not PeerGoneException || call.Length is null)
                : await WithPolicyAsync(call, policy, cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw Failed(call, e);
        }
    }

    public void Dispose() => peers.Dispose();

    /// <summary>What an app can be called with; a gRPC caller may leave the verb out.</summary>
    private static bool IsVerb(HttpMethod method) => method.Method is not ("CONNECT" or "NONE");

    private static InvokeCall Next(InvokeCall call, ref int attempt) => ++attempt == 1 ? call : call with { Attempt = attempt };

    /// <summary>An answer below 200 or above 399 counts as a failure for the policy, and is what the caller gets in the end.</summary>
    private async Task<AppAnswer> WithPolicyAsync(InvokeCall call, ResiliencePolicy policy, CancellationToken cancellationToken)
    {
        var replayed = policy.Retries && call.Length is not null ? await BufferAsync(call, cancellationToken) : call;
        AppAnswer? last = null;
        var attempt = 0;
        try
        {
            return await policy.RunAsync(async token =>
            {
                last?.Dispose();
                last = null;
                if (attempt > 0) replayed.Body?.Seek(0, SeekOrigin.Begin);
                var answer = await AttemptAsync(Next(replayed, ref attempt), token);
                var status = (int)answer.Response.StatusCode;
                if (status is >= 200 and <= 399) return answer;
                await answer.Response.Content.LoadIntoBufferAsync(token);
                last = answer;
                throw new StatusFailure(status, $"the app answered {status}");
            }, cancellationToken, _ => call.Length is null);
        }
        catch (StatusFailure) when (last is not null)
        {
            last.Response.Content.Headers.ContentType ??= new System.Net.Http.Headers.MediaTypeHeaderValue("application/json");
            return last;
        }
    }

    private static async Task<InvokeCall> BufferAsync(InvokeCall call, CancellationToken cancellationToken)
    {
        if (call.Body is null) return call;
        var copy = new MemoryStream((int)call.Length!.Value);
        await call.Body.CopyToAsync(copy, cancellationToken);
        copy.Position = 0;
        return call with { Body = copy };
    }

    private async Task<AppAnswer> AttemptAsync(InvokeCall call, CancellationToken cancellationToken)
    {
        var (appId, @namespace) = Split(call.AppId);
        if (appId == options.AppId && @namespace == options.NamespaceOrDefault) return await CallOwnAppAsync(call, cancellationToken);
        // Self-hosted name resolution does not heed namespaces: one that nobody has falls back to the id alone.
        var entries = registry.Find(appId, @namespace) is { Count: > 0 } exact ? exact : registry.Find(appId, null);
        if (entries.Count == 0)
            throw registry.WasKilled(appId)
                ? new PeerGoneException("connection error: the sidecar was killed", new IOException("connection refused"))
                : new InvalidOperationException("no host found with the given ID");
        if (!IsVerb(call.Method)) throw new InvalidOperationException($"rpc error: code = Internal desc = error invoking app channel: {NoVerb}");
        var entry = entries[(int)((uint)Interlocked.Increment(ref next) % entries.Count)];
        if (registry.InProcess(entry) is { } callee) return await CallNeighbourAsync(call, callee, cancellationToken);
        using var request = PeerClient.Request(entry, "/invoke" + call.Path + call.Query, call.Method);
        Fill(request, call, entry.AppId);
        try
        {
            return await peers.SendAsync(request, registry, cancellationToken);
        }
        catch (PeerGoneException e) when (registry.Find(appId, null).Count == 0 && !registry.WasKilled(appId))
        {
            throw new InvalidOperationException("no host found with the given ID", e);
        }
    }

    private async Task<AppAnswer> CallOwnAppAsync(InvokeCall call, CancellationToken cancellationToken)
    {
        if (!IsVerb(call.Method)) throw new InvalidOperationException(NoVerb);
        if (!app.HasApp) throw new InvalidOperationException("cannot invoke local endpoint: app channel not initialized");
        using var request = app.Request(call.Method, call.Path + call.Query);
        Fill(request, call, null);
        try
        {
            return await app.SendAsync(request, cancellationToken);
        }
        catch (AppUnreachableException e) when (!app.IsHealthy())
        {
            throw new InvalidOperationException($"rpc error: code = Internal desc = {e.Message}", e);
        }
    }

    private async Task<AppAnswer> CallNeighbourAsync(InvokeCall call, SidecarRuntime callee, CancellationToken cancellationToken)
    {
        CheckAccess(callee, call.Path, call.Method.Method);
        using var request = callee.App.Request(call.Method, call.Path + call.Query);
        Fill(request, call, callee.AppId);
        return await SendToAppAsync(callee.App, request, cancellationToken);
    }

    /// <summary>The callee's half: what a failing app looks like from outside.</summary>
    public static async Task<AppAnswer> SendToAppAsync(AppChannel target, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await target.SendAsync(request, cancellationToken);
        }
        catch (AppUnreachableException e)
        {
            var reason = target.IsHealthy() ? e.Message : $"rpc error: code = Internal desc = {e.Message}";
            throw new InvalidOperationException($"rpc error: code = Internal desc = error invoking app channel: {reason}", e);
        }
    }

    /// <exception cref="DaprError">The callee's Configuration lets nobody in.</exception>
    public static void CheckAccess(SidecarRuntime callee, string path, string verb)
    {
        if (callee.Configuration.AccessControl is not { AllowByDefault: false }) return;
        throw new AccessDeniedException(
            $"rpc error: code = PermissionDenied desc = access control policy has denied access to id:  operation: {path.TrimStart('/')} verb: {verb}");
    }

    private void Fill(LinedRequest request, InvokeCall call, string? remoteAppId)
    {
        if (call.Body is not null)
        {
            request.Content = new PassingContent(call.Body);
            if (call.Length is { } length) request.Content.Headers.ContentLength = length;
        }
        var keepToken = string.IsNullOrEmpty(options.ApiToken) && string.IsNullOrEmpty(options.AppApiToken);
        InvokeHeaders.Copy(call.Headers, request, keepToken, remote: remoteAppId is not null);
        var headers = request.Headers;
        headers.TryAddWithoutValidation("traceparent", call.Trace.Parent);
        if (call.Trace.State is { } state) headers.TryAddWithoutValidation("tracestate", state);
        if (call.Trace.Baggage is { } baggage) headers.TryAddWithoutValidation("baggage", baggage);
        if (remoteAppId is null) return;
        InvokeHeaders.AddHop(call.Headers, request, new Hop(options.AppId, options.NamespaceOrDefault, remoteAppId, HostAddress, HostName), call.Attempt);
    }

    private static string HostAddress { get; } = Environment.GetEnvironmentVariable("DAPR_HOST_IP") is { Length: > 0 } address
        ? address
        : IPAddress.Loopback.ToString();

    private static string HostName { get; } = Dns.GetHostName();

    private (string AppId, string Namespace) Split(string target)
    {
        var dot = target.LastIndexOf('.');
        return dot < 0 ? (target, options.NamespaceOrDefault) : (target[..dot], target[(dot + 1)..]);
    }

    private static DaprError Failed(InvokeCall call, Exception e) => new(
        e is AccessDeniedException ? 403 : 500, "ERR_DIRECT_INVOKE",
        e is AccessDeniedException ? StatusCode.PermissionDenied : StatusCode.Internal,
        $"failed to invoke, id: {call.AppId}, err: {Text(call, e)}", e);

    private static string Text(InvokeCall call, Exception e) => e is PeerGoneException
        ? $"failed to invoke target {call.AppId} after 3 retries. Error: rpc error: code = Unavailable desc = {e.Message}"
        : e.Message;
}

/// <summary>The callee does not let the caller in.</summary>
internal sealed class AccessDeniedException(string message) : Exception(message);
