using System.Text;
using System.Text.Json;
using ConcertDapr.Sidecar.Actors;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Leases;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>What sidecars of other processes ask of this one: to call its app.</summary>
internal sealed class InternalApi(SidecarRuntime runtime)
{
    private const string InvokePrefix = "/invoke";

    /// <summary>The caller's sidecar has checked the size; JSON within JSON is longer than it was.</summary>
    private long Limit => 3 * runtime.Options.MaxBodySize;

    public async Task HandleAsync(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        try
        {
            if (target.StartsWith(InvokePrefix + "/", StringComparison.Ordinal)) await InvokeAsync(context, target[InvokePrefix.Length..]);
            else if (target.StartsWith(ActorPeerCalls.ActorPrefix, StringComparison.Ordinal)) await CallActorAsync(context, RequestPath.Parse(target));
            else if (target == ActorPeerCalls.ReminderPath) await ChangeReminderAsync(context);
            else context.Response.StatusCode = 404;
        }
        catch (Exception e) when (e is ActorMovedException or FencedException or PeerGoneException { MayHaveArrived: false })
        {
            context.Response.Headers[ActorPeerCalls.MovedHeader] = "1";
            context.Response.StatusCode = ActorPeerCalls.MovedStatus;
        }
        catch (Exception e) when (IsRefusal(e) && !context.Response.HasStarted)
        {
            context.Response.Headers[PeerClient.FailureHeader] = "1";
            await Answers.BytesAsync(context, e is AccessDeniedException ? 403 : 500, Encoding.UTF8.GetBytes(e.Message), "text/plain; charset=utf-8");
        }
        catch (Exception e) when (e is IOException || (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException))
        {
            // The caller has gone, or the app's answer broke off: so does this one.
            if (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested) throw new AnswerBrokeOffException(e);
            context.Abort();
        }
    }

    private static bool IsRefusal(Exception e) => e is InvalidOperationException or AccessDeniedException or ActorCallException
        or AppUnreachableException or PeerGoneException or FormatException or JsonException or BodyTooLargeException or BadHttpRequestException;

    private async Task InvokeAsync(HttpContext context, string pathAndQuery)
    {
        InvokeApi.CheckAccess(runtime, pathAndQuery.Split('?')[0], context.Request.Method);
        using var request = runtime.App.Request(HttpMethod.Parse(context.Request.Method), pathAndQuery);
        var hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        if (hasBody) request.Content = new PassingContent(new CallerBody(context.Request));
        if (hasBody && context.Request.ContentLength is { } length) request.Content!.Headers.ContentLength = length;
        foreach (var (name, values) in context.Request.Headers)
        {
            // The caller's sidecar has filtered; only this connection's own framing is left out.
            if (InvokeHeaders.IsHopByHop(name) || name is "Host" or "Content-Length") continue;
            if (name.Equals("dapr-api-token", StringComparison.OrdinalIgnoreCase) && request.Headers.Contains(name)) continue;
            if (!request.TryAddLines(name, values)) request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }
        using var answer = await InvokeApi.SendToAppAsync(runtime.App, request, context.RequestAborted);
        await InvokeRoutes.SendAsync(context, answer);
    }

    /// <summary><c>/actors/{type}/{id}/method/…</c></summary>
    private async Task CallActorAsync(HttpContext context, RequestPath path)
    {
        var isTick = context.Request.Headers.ContainsKey(ActorPeerCalls.TickHeader);
        var body = await HttpBody.ReadAsync(context.Request, Limit);
        var rest = string.Join('/', Enumerable.Range(3, path.Count - 3).Select(index => path[index]));
        var call = new ActorCall(new ActorKey(Uri.UnescapeDataString(path[1]), Uri.UnescapeDataString(path[2])), rest, path.Query, body,
            context.Request.ContentType, isTick ? [] : [.. context.Request.Headers.Where(IsForActor)], isTick, Remote: true,
            Forwarded: context.Request.Headers.ContainsKey(PeerClient.ForwardedHeader), Connection: context.Features);
        await ActorRoutes.SendAsync(context, await runtime.Actors.CallHereAsync(call, context.RequestAborted));
    }

    private static bool IsForActor(KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues> header) =>
        !InvokeHeaders.IsHopByHop(header.Key) && header.Key is not ("Host" or "Content-Length" or "Content-Type" or PeerClient.ForwardedHeader);

    private async Task ChangeReminderAsync(HttpContext context)
    {
        var body = await HttpBody.ReadAsync(context.Request, Limit);
        var request = JsonSerializer.Deserialize(body.Span, ActorPeerJson.Default.ScheduleRequest)!;
        var reminders = runtime.Actors.Reminders ?? throw new InvalidOperationException("this sidecar keeps no reminders");
        var done = true;
        if (HttpMethods.IsDelete(context.Request.Method)) await reminders.DeleteAsync(request.Actor, request.Name, context.RequestAborted);
        else done = await reminders.CreateAsync(request, context.RequestAborted);
        await Answers.BytesAsync(context, 200, ActorPeerCalls.Text(done ? "" : ActorPeerCalls.AlreadyExists), "text/plain");
    }
}
