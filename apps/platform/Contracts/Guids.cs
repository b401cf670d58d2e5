using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConcertDapr.Contracts;

/// <summary>A typed id around one GUID; JSON and routes show the bare GUID.</summary>
public interface IGuid<TSelf> where TSelf : struct, IGuid<TSelf>
{
    /// <summary>The bare GUID.</summary>
    Guid Value { get; }

    /// <summary>Wraps a bare GUID.</summary>
    static abstract TSelf From(Guid value);
}

/// <summary>Writes an <see cref="IGuid{TSelf}"/> as a JSON string.</summary>
public sealed class GuidJson<T> : JsonConverter<T> where T : struct, IGuid<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetGuid(out var value)
            ? T.From(value)
            : throw new JsonException("A UUID is expected.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

/// <summary>A reservation: UUIDv7, or UUIDv5 of (user, idempotency key) where the caller sent a key.</summary>
[JsonConverter(typeof(GuidJson<ReservationId>))]
public readonly record struct ReservationId(Guid Value) : IGuid<ReservationId>
{
    /// <inheritdoc/>
    public static ReservationId From(Guid value) => new(value);

    /// <summary>For route and query binding.</summary>
    public static bool TryParse(string? text, out ReservationId id)
    {
        var parsed = Guid.TryParse(text, out var value);
        id = new(value);
        return parsed;
    }

    /// <summary>The id of a hold asked for with an idempotency key, or a fresh one.</summary>
    public static ReservationId For(UserId user, string? idempotencyKey) =>
        new(idempotencyKey is null ? Guid.CreateVersion7() : DerivedId.From($"reservation/{user}/{idempotencyKey}"));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>A payment, and its workflow's instance id: UUIDv5 of (user, idempotency key), without a key of (user, reservation).</summary>
[JsonConverter(typeof(GuidJson<PaymentId>))]
public readonly record struct PaymentId(Guid Value) : IGuid<PaymentId>
{
    /// <inheritdoc/>
    public static PaymentId From(Guid value) => new(value);

    /// <summary>For route and query binding.</summary>
    public static bool TryParse(string? text, out PaymentId id)
    {
        var parsed = Guid.TryParse(text, out var value);
        id = new(value);
        return parsed;
    }

    /// <summary>The id under which this request, however often repeated, finds its one payment.</summary>
    public static PaymentId For(UserId user, string? idempotencyKey, ReservationId reservation) =>
        new(DerivedId.From(idempotencyKey is null ? $"payment/{user}/of/{reservation}" : $"payment/{user}/key/{idempotencyKey}"));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>UUIDv5 (RFC 9562 §5.5): the same text gives the same id, everywhere and always.</summary>
public static class DerivedId
{
    private static readonly Guid s_namespace = new("6b0f6f0e-6f0c-4f5e-9a57-0f1f8d0c5d11");

    /// <summary>The id of <paramref name="name"/> in this project's namespace.</summary>
    public static Guid From(string name)
    {
        var text = Encoding.UTF8.GetBytes(name);
        var input = new byte[16 + text.Length];
        s_namespace.TryWriteBytes(input, bigEndian: true, out _);
        text.CopyTo(input, 16);
        // SHA-1 is what version 5 is defined with; nothing here relies on it resisting collisions by an attacker.
#pragma warning disable CA5350
        var hash = SHA1.HashData(input).AsSpan(0, 16);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }
}
