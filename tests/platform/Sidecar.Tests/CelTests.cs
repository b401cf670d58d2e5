using System.Text.Json;
using ConcertDapr.Sidecar.Cel;
using ConcertDapr.Sidecar.Delivery;

namespace ConcertDapr.Tests;

public sealed class CelTests
{
    private const string Event = """{"type":"held","data":{"kind":"vip","seats":4,"price":1.5,"tags":["a","b"],"none":null},"subject":"s-1"}""";

    [Theory]
    [InlineData("event.type == 'held'")]
    [InlineData("event.type != \"sold\" && event.data.seats > 3")]
    [InlineData("event.data.seats >= 4 || event.missing == 1")]
    [InlineData("has(event.data.kind) && event.data.kind == 'vip'")]
    [InlineData("!has(event.data.absent)")]
    [InlineData("event.subject.startsWith('s-') && event.subject.endsWith('1') && event.subject.contains('-')")]
    [InlineData("event.subject.matches('^s-[0-9]+$')")]
    [InlineData("'a' in event.data.tags && size(event.data.tags) == 2 && event.data.tags[1] == 'b'")]
    [InlineData("event['type'] == 'held'")]
    [InlineData("event.data.seats * 2 + 1 == 9 && event.data.seats % 3 == 1")]
    [InlineData("event.data.price < 2 && event.data.seats == 4.0")]
    [InlineData("event.data.none == null")]
    [InlineData("event.data.seats > 10 ? false : true")]
    [InlineData("int('4') == event.data.seats && string(event.data.seats) == '4'")]
    [InlineData("event.type in ['held', 'sold']")]
    [InlineData("-event.data.seats < 0 && !(event.data.seats == 5)")]
    public void Rules_that_hold(string rule) => IsTrue(rule).ShouldBeTrue();

    [Theory]
    [InlineData("event.data.absent == 1")]
    [InlineData("event.absent.deeper == 1")]
    [InlineData("has(event.absent.deeper)")]
    [InlineData("event.type")]
    [InlineData("event.type > 1")]
    [InlineData("event.data.seats / 0 == 1")]
    [InlineData("other.type == 'x'")]
    public void A_rule_that_cannot_be_evaluated_is_an_error_and_not_a_no(string rule) =>
        Should.Throw<CelEvaluationException>(() => IsTrue(rule));

    [Theory]
    [InlineData("event.type ==")]
    [InlineData("event.type = 'x'")]
    [InlineData("(event.type == 'x'")]
    [InlineData("'unterminated")]
    [InlineData("event.type.upper()")]
    [InlineData("has(event)")]
    [InlineData("1 2")]
    [InlineData("")]
    public void Malformed_rules_are_refused(string rule) => Should.Throw<CelSyntaxException>(() => CelExpression.Parse(rule));

    private static bool IsTrue(string rule)
    {
        using var document = JsonDocument.Parse(Event);
        return CelExpression.Parse(rule).IsTrue(EventScope.Of(document.RootElement));
    }
}
