using System.Text.Json;
using ConcertDapr.Sidecar.Resilience;

namespace ConcertDapr.Sidecar.Delivery;

/// <summary>The app wants to see the event again.</summary>
internal sealed class RetryRequestedException(string message, int? status = null) : StatusFailure(status, message);

/// <summary>The app will never take the event.</summary>
internal sealed class DroppedException(string message) : Exception(message);

/// <summary>What the app said to an event.</summary>
internal static class AppReply
{
    /// <summary>Returns when the event is handled.</summary>
    /// <exception cref="DroppedException">404, or status DROP.</exception>
    /// <exception cref="RetryRequestedException">Any other failure.</exception>
    public static async Task CheckAsync(HttpResponseMessage response, string topic, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (status == 404) throw new DroppedException($"the app answered 404 to an event of topic {topic}");
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (status is < 200 or > 299)
            throw new RetryRequestedException($"retriable error returned from app while processing an event of topic {topic}, status code {status}", status);
        switch (Status(body))
        {
            case "" or "SUCCESS":
                return;
            case "DROP":
                throw new DroppedException($"DROP status returned from app for an event of topic {topic}");
            case "RETRY":
                throw new RetryRequestedException($"RETRY status returned from app for an event of topic {topic}");
            case var other:
                throw new RetryRequestedException($"unknown status '{other}' returned from app for an event of topic {topic}");
        }
    }

    /// <summary>The member <c>status</c>; nothing when the body is no JSON object or lacks it.</summary>
    private static string Status(byte[] body)
    {
        if (body.Length == 0) return "";
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return "";
            foreach (var member in document.RootElement.EnumerateObject())
                if (member.Name.Equals("status", StringComparison.OrdinalIgnoreCase))
                    return member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : "";
            return "";
        }
        catch (JsonException)
        {
            // An answer that is no JSON says nothing about a status: success, as in daprd.
            return "";
        }
    }
}
