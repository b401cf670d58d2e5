using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults.Rooms;

namespace ConcertDapr.Tests;

public class QueueTokenTests
{
    private const string First = "k1:0123456789abcdef0123456789abcdef";
    private const string Second = "k2:fedcba9876543210fedcba9876543210";

    private static readonly QueuePlace s_place = new(new(3), new(7), 42, DateTimeOffset.FromUnixTimeSeconds(1_795_000_000));

    [Fact]
    public void A_token_says_what_was_signed() => Tokens(First).Verify(Tokens(First).Sign(s_place)).ShouldBe(s_place);

    [Fact]
    public void Old_keys_still_verify_after_a_rotation() => Tokens($"{Second},{First}").Verify(Tokens(First).Sign(s_place)).ShouldBe(s_place);

    [Fact]
    public void A_key_that_was_dropped_does_not() => Tokens(Second).Verify(Tokens(First).Sign(s_place)).ShouldBeNull();

    [Fact]
    public void No_part_of_a_token_can_be_changed()
    {
        var token = Tokens(First).Sign(s_place);
        for (var i = 0; i < token.Length; i++)
        {
            var forged = token.ToCharArray();
            forged[i] = forged[i] == '1' ? '2' : '1';
            if (new string(forged) != token) Tokens(First).Verify(new string(forged)).ShouldBeNull($"position {i}");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData(".....")]
    [InlineData("k1.3.7.42.1795000000")]
    [InlineData("k1.3.7.42.1795000000.")]
    [InlineData("nonsense")]
    public void Nonsense_is_no_token(string? token) => Tokens(First).Verify(token).ShouldBeNull();

    private static QueueTokens Tokens(string keys) => QueueTokens.From(SettingsTests.Of("QueueToken:Keys", keys));
}
