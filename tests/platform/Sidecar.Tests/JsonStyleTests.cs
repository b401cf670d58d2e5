using System.Text;
using System.Text.Json;
using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Tests;

public sealed class JsonStyleTests
{
    [Theory]
    [InlineData("12.3456789", "12.345679")]
    [InlineData("1234567.123456789", "1234567.123457")]
    [InlineData("1e-7", "0")]
    [InlineData("-0", "0")]
    [InlineData("-2.50", "-2.5")]
    [InlineData("12345678901234567890", "12345678901234567000")]
    [InlineData("1e21", "1e+21")]
    [InlineData("83886080.123", "83886080.123")]
    [InlineData("{\"b\":1,\"a\":\"<\",\"b\":2}", "{\"b\":2,\"a\":\"<\"}")]
    public void The_Redis_style_keeps_six_decimals(string json, string stored) => Encode(JsonStyle.Redis, json).ShouldBe(stored);

    [Theory]
    [InlineData("12.3456789", "12.3456789")]
    [InlineData("-0", "-0")]
    [InlineData("1e-7", "1e-7")]
    [InlineData("{\"b\":1,\"a\":null}", "{\"a\":null,\"b\":1}")]
    public void The_in_memory_style_sorts_and_keeps_all(string json, string stored) => Encode(JsonStyle.Memory, json).ShouldBe(stored);

    [Fact]
    public void A_missing_value_is_null() => Encoding.UTF8.GetString(JsonStyle.Redis.Encode(default).Span).ShouldBe("null");

    private static string Encode(JsonStyle style, string json)
    {
        using var document = JsonDocument.Parse(json);
        return Encoding.UTF8.GetString(style.Encode(document.RootElement).Span);
    }
}
