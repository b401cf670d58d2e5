using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ConcertDapr.ServiceDefaults;

/// <summary>One set of JSON rules for requests, state, events and workflow payloads.</summary>
public static class ConcertJson
{
    /// <summary>Web defaults; enums as UPPER_SNAKE text; absent required members and nulls where none may be are errors.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Applies the same rules to the options of ASP.NET Core, with a service's generated types in front.</summary>
    public static void Configure(JsonSerializerOptions options, IJsonTypeInfoResolver json)
    {
        options.NumberHandling = JsonNumberHandling.Strict;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new StorableText());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseUpper, allowIntegerValues: false));
        options.TypeInfoResolverChain.Insert(0, json);
        options.TypeInfoResolverChain.Add(new DefaultJsonTypeInfoResolver());
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Configure(options, new DefaultJsonTypeInfoResolver());
        return options;
    }

    /// <summary>Text without U+0000, which JSON can carry and Postgres cannot.</summary>
    private sealed class StorableText : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.GetString();
            return text?.Contains('\0') == true ? throw new JsonException("Text without U+0000 is expected.") : text;
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }
}
