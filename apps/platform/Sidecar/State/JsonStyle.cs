using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace ConcertDapr.Sidecar.State;

/// <summary>
/// How a JSON value is stored after it came over HTTP. Numbers are read as doubles and written the way daprd's encoders
/// do: the Redis one keeps at most six decimals of numbers up to 83 886 079, the in-memory one sorts members and keeps all.
/// </summary>
internal sealed class JsonStyle
{
    public static readonly JsonStyle Redis = new(sixDecimals: true);
    public static readonly JsonStyle Memory = new(sixDecimals: false);

    private const double LastWithSixDecimals = 0x4ffffff;

    private readonly bool sixDecimals;
    private readonly JsonWriterOptions options;

    private JsonStyle(bool sixDecimals)
    {
        this.sixDecimals = sixDecimals;
        options = new JsonWriterOptions
        {
            Encoder = sixDecimals ? JavaScriptEncoder.UnsafeRelaxedJsonEscaping : JavaScriptEncoder.Create(UnicodeRanges.All),
            SkipValidation = true,
            MaxDepth = 1000,
        };
    }

    /// <summary>The value's bytes as stored; an undefined element is <c>null</c>.</summary>
    public ReadOnlyMemory<byte> Encode(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, options)) Write(writer, value);
        return buffer.WrittenMemory;
    }

    private void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(writer, value);
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) Write(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Number:
                writer.WriteRawValue(Number(value.GetDouble()), skipInputValidation: true);
                break;
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private void WriteObject(Utf8JsonWriter writer, JsonElement value)
    {
        // Of members with the same name the last one counts.
        var members = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject()) members[member.Name] = member.Value;
        writer.WriteStartObject();
        IEnumerable<KeyValuePair<string, JsonElement>> ordered = sixDecimals ? members : members.OrderBy(pair => pair.Key, StringComparer.Ordinal);
        foreach (var (name, member) in ordered)
        {
            writer.WritePropertyName(name);
            Write(writer, member);
        }
        writer.WriteEndObject();
    }

    /// <summary>A number's text in this style.</summary>
    public string Number(double value)
    {
        if (!sixDecimals || Math.Abs(value) > LastWithSixDecimals) return Shortest(value);
        var millionths = (ulong)(Math.Abs(value) * 1_000_000 + 0.5);
        var text = new StringBuilder(value < 0 ? "-" : "").Append(millionths / 1_000_000);
        if (millionths % 1_000_000 is var fraction and not 0)
            text.Append('.').Append(fraction.ToString("D6", CultureInfo.InvariantCulture).TrimEnd('0'));
        return text.ToString();
    }

    /// <summary>The shortest text that reads back as the same double, with an exponent only below 1e-6 and from 1e21.</summary>
    private static string Shortest(double value)
    {
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var size = Math.Abs(value);
        if (value == 0) return double.IsNegative(value) ? "-0" : "0";
        if (size is >= 1e-6 and < 1e21) return shortest.Contains('E') ? Expand(shortest) : shortest;
        var exponent = int.Parse(shortest[(shortest.IndexOf('E') + 1)..], CultureInfo.InvariantCulture);
        var digits = Digits(shortest);
        var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return $"{(value < 0 ? "-" : "")}{mantissa}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent):00}".Replace("e-0", "e-", StringComparison.Ordinal);
    }

    private static string Expand(string shortest)
    {
        var exponent = int.Parse(shortest[(shortest.IndexOf('E') + 1)..], CultureInfo.InvariantCulture);
        var (sign, digits) = (shortest[0] == '-' ? "-" : "", Digits(shortest));
        return exponent < 0
            ? $"{sign}0.{new string('0', -exponent - 1)}{digits}"
            : sign + digits.PadRight(exponent + 1, '0');
    }

    private static string Digits(string shortest) =>
        shortest.Split('E')[0].TrimStart('-').Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
}
