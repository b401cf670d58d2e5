using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConcertDapr.Contracts;

/// <summary>A typed id or amount around one 64-bit integer; JSON and routes show the bare number.</summary>
public interface INumber<TSelf> where TSelf : struct, INumber<TSelf>
{
    /// <summary>The bare number.</summary>
    long Value { get; }

    /// <summary>Wraps a bare number.</summary>
    static abstract TSelf From(long value);

    /// <summary>Parses invariant digits, as routes and query strings carry them.</summary>
    static bool TryParseNumber(string? text, out TSelf result)
    {
        var parsed = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value);
        result = TSelf.From(value);
        return parsed;
    }
}

/// <summary>Writes an <see cref="INumber{TSelf}"/> as a JSON number.</summary>
public sealed class NumberJson<T> : JsonConverter<T> where T : struct, INumber<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value)
            ? T.From(value)
            : throw new JsonException("An integer is expected.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}

/// <summary>An account.</summary>
[JsonConverter(typeof(NumberJson<UserId>))]
public readonly record struct UserId(long Value) : INumber<UserId>
{
    /// <inheritdoc/>
    public static UserId From(long value) => new(value);

    /// <summary>For route and query binding.</summary>
    public static bool TryParse(string? text, out UserId id) => INumber<UserId>.TryParseNumber(text, out id);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A concert; also the target of its waiting room.</summary>
[JsonConverter(typeof(NumberJson<ConcertId>))]
public readonly record struct ConcertId(long Value) : INumber<ConcertId>
{
    /// <inheritdoc/>
    public static ConcertId From(long value) => new(value);

    /// <summary>For route and query binding.</summary>
    public static bool TryParse(string? text, out ConcertId id) => INumber<ConcertId>.TryParseNumber(text, out id);

    /// <summary>
    /// The waiting room in front of the whole house: who is inside may buy for every concert. No concert has this number, and only
    /// the gateway's compatibility endpoints queue there.
    /// </summary>
    public static readonly ConcertId House = new(-1);

    /// <summary>The show with this ordinal, 1 to 999.</summary>
    public ShowId Show(int ordinal) => new(Value * ShowId.PerConcert + ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One date of a concert: <c>concert * 1000 + ordinal</c>, so that a show names its concert without a look-up.</summary>
[JsonConverter(typeof(NumberJson<ShowId>))]
public readonly record struct ShowId(long Value) : INumber<ShowId>
{
    internal const long PerConcert = 1_000;

    /// <inheritdoc/>
    public static ShowId From(long value) => new(value);

    /// <summary>For route and query binding.</summary>
    public static bool TryParse(string? text, out ShowId id) => INumber<ShowId>.TryParseNumber(text, out id);

    /// <summary>The concert this show belongs to.</summary>
    public ConcertId Concert => new(Value / PerConcert);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// One seat of one show: <c>(show * 10000 + block) * 100 + number</c>. A block is a run of adjoining seats (a row, at most
/// 64); numbers start at 1. Below 2^53 for concerts below nine million, so JavaScript reads it exactly.
/// </summary>
[JsonConverter(typeof(NumberJson<SeatId>))]
public readonly record struct SeatId(long Value) : INumber<SeatId>
{
    private const long PerBlock = 100;
    private const long BlocksPerShow = 10_000;

    /// <inheritdoc/>
    public static SeatId From(long value) => new(value);

    /// <summary>For route and query binding.</summary>
    public static bool TryParse(string? text, out SeatId id) => INumber<SeatId>.TryParseNumber(text, out id);

    /// <summary>The seat with this number (from 1) in a block (from 0) of a show.</summary>
    public static SeatId Of(ShowId show, int block, int number) => new((show.Value * BlocksPerShow + block) * PerBlock + number);

    /// <summary>The show this seat belongs to.</summary>
    public ShowId Show => new(Value / PerBlock / BlocksPerShow);

    /// <summary>The block within the show, from 0.</summary>
    public int Block => (int)(Value / PerBlock % BlocksPerShow);

    /// <summary>The number within the block, from 1.</summary>
    public int Number => (int)(Value % PerBlock);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>An amount of points (KRW): an integer, never a fraction.</summary>
[JsonConverter(typeof(NumberJson<Points>))]
public readonly record struct Points(long Value) : INumber<Points>
{
    /// <inheritdoc/>
    public static Points From(long value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
