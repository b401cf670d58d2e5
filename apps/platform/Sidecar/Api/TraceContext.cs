using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Sidecar.Api;

/// <summary>The W3C trace context of one request through this sidecar.</summary>
/// <param name="Parent">This sidecar's span, in the caller's trace when it sent one.</param>
/// <param name="EventParent">What events carry: the span when tracing is configured, else the caller's header or nothing.</param>
internal sealed record TraceContext(string Parent, string? State, string? Baggage, string EventParent)
{
    private const int Length = 55;

    /// <summary>The caller's span, where it sent one.</summary>
    public string? Caller { get; init; }

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The context of an incoming call.</summary>
    /// <param name="tracing">Whether the Configuration samples traces; without it the caller's span is passed on unchanged.</param>
    public static TraceContext Of(IHeaderDictionary headers, bool tracing) =>
        Of(First(headers.TraceParent), First(headers.TraceState), First(headers.Baggage), tracing);

    public static TraceContext Of(string? parent, string? state, string? baggage, bool tracing)
    {
        if (!IsValid(parent)) return new TraceContext(NewTrace(tracing), null, baggage, "") is var fresh && tracing
            ? fresh with { EventParent = fresh.Parent } : fresh;
        if (!tracing) return new TraceContext(parent!, state, baggage, parent!);
        var span = NextSpan(parent!);
        return new TraceContext(span, state, baggage, span) { Caller = parent };
    }

    /// <summary>A span below <paramref name="parent"/>, or the first of a new trace when that is no trace parent.</summary>
    public static string Continue(string? parent, bool tracing) =>
        !IsValid(parent) ? NewTrace(tracing) : tracing ? NextSpan(parent!) : parent!;

    public static bool IsValid(string? parent) => parent is { Length: Length } && parent[2] == '-' && parent[35] == '-' && parent[52] == '-'
        && IsHex(parent.AsSpan(3, 32)) && IsHex(parent.AsSpan(36, 16)) && IsHex(parent.AsSpan(53, 2));

    private static string? First(StringValues values) => values.Count == 0 ? null : values.ToString();

    private static string NewTrace(bool sampled) =>
        $"00-{RandomNumberGenerator.GetHexString(32, lowercase: true)}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}-{(sampled ? "01" : "00")}";

    private static string NextSpan(string parent) =>
        string.Concat(parent.AsSpan(0, 36), RandomNumberGenerator.GetHexString(16, lowercase: true), parent.AsSpan(52, 3));

    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(HexDigits) && (text.Length == 2 || text.ContainsAnyExcept('0'));
}
