using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConcertDapr.Sidecar.Invocation;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>Calls for actors and reminders that another process hosts; <c>InternalApi</c> is the other end.</summary>
internal static class ActorPeerCalls
{
    public const string ActorPrefix = "/actors/";
    public const string ReminderPath = "/reminders";
    public const string TickHeader = "sidecar-tick";
    public const string AlreadyExists = "already exists";

    /// <summary>On an answer with <see cref="MovedStatus"/>: the actor does not live there, nothing was done.</summary>
    public const string MovedHeader = "sidecar-moved";
    public const int MovedStatus = 421;

    /// <exception cref="PeerGoneException">The host cannot be reached.</exception>
    /// <exception cref="ActorCallException">The app did not answer 200.</exception>
    public static async Task<ActorReply> CallAsync(
        PeerClient peers, SidecarRegistry registry, RegistryEntry host, ActorCall call, CancellationToken cancellationToken)
    {
        using var request = PeerClient.Request(
            host, $"{ActorPrefix}{PathText.Escape(call.Actor.Type)}/{PathText.Escape(call.Actor.Id)}/{call.Path}{call.Query}", HttpMethod.Put);
        request.Content = new ReadOnlyMemoryContent(call.Body);
        if (call.ContentType is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", call.ContentType);
        foreach (var (name, values) in call.Headers) request.TryAddLines(name, values);
        if (call.IsTick) request.Headers.TryAddWithoutValidation(TickHeader, "1");
        if (call.Forwarded) request.Headers.TryAddWithoutValidation(PeerClient.ForwardedHeader, "1");
        try
        {
            using var answer = await SendAsync(peers, request, registry, call.Actor, cancellationToken);
            var response = answer.Response;
            var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
                .Where(header => !InvokeHeaders.IsHopByHop(header.Key) && !header.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                    && !header.Key.Equals("Date", StringComparison.OrdinalIgnoreCase))
                .Select(header => new KeyValuePair<string, StringValues>(header.Key, header.Value.ToArray()));
            return new ActorReply(await response.Content.ReadAsByteArrayAsync(cancellationToken), [.. headers]);
        }
        catch (InvalidOperationException e)
        {
            throw new ActorCallException(e.Message, inner: e);
        }
    }

    /// <summary>Registers a reminder at its host; false when it exists and may not be replaced.</summary>
    /// <exception cref="FormatException">The host refused it.</exception>
    public static async Task<bool> CreateReminderAsync(
        PeerClient peers, SidecarRegistry registry, RegistryEntry host, ScheduleRequest reminder, CancellationToken cancellationToken)
    {
        using var request = PeerClient.Request(host, ReminderPath, HttpMethod.Put);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(reminder, ActorPeerJson.Default.ScheduleRequest));
        try
        {
            using var answer = await SendAsync(peers, request, registry, reminder.Actor, cancellationToken);
            return await answer.Response.Content.ReadAsStringAsync(cancellationToken) != AlreadyExists;
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    public static async Task DeleteReminderAsync(
        PeerClient peers, SidecarRegistry registry, RegistryEntry host, ActorKey actor, string name, CancellationToken cancellationToken)
    {
        using var request = PeerClient.Request(host, ReminderPath, HttpMethod.Delete);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(
            new ScheduleRequest(actor, name, "", "", "", null, "", true), ActorPeerJson.Default.ScheduleRequest));
        using var answer = await SendAsync(peers, request, registry, actor, cancellationToken);
    }

    private static async Task<AppAnswer> SendAsync(
        PeerClient peers, HttpRequestMessage request, SidecarRegistry registry, ActorKey actor, CancellationToken cancellationToken)
    {
        var answer = await peers.SendAsync(request, registry, cancellationToken);
        var status = (int)answer.Response.StatusCode;
        if (status == 200) return answer;
        answer.Dispose();
        throw status == MovedStatus && answer.Response.Headers.Contains(MovedHeader)
            ? new ActorMovedException(actor)
            : new ActorCallException($"the sidecar that hosts actor {actor} failed with status {status}");
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}

[JsonSerializable(typeof(ScheduleRequest))]
internal sealed partial class ActorPeerJson : JsonSerializerContext;
