using System.Reflection;
using System.Text.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Tests;

public class JsonTests
{
    /// <summary>Nulls are not written and absent members are errors, so a nullable member without a default could be sent and never read.</summary>
    [Fact]
    public void Every_nullable_member_of_a_contract_may_be_absent()
    {
        var context = new NullabilityInfoContext();
        var refused = typeof(UserId).Assembly.GetExportedTypes().Where(t => t is { IsClass: true, IsAbstract: false })
            .SelectMany(t => t.GetConstructors()).SelectMany(c => c.GetParameters())
            .Where(p => !p.HasDefaultValue && context.Create(p).WriteState == NullabilityState.Nullable && p.Member.DeclaringType!.Name is not "NullableAttribute")
            .Where(p => p.Name != "original").Select(p => $"{p.Member.DeclaringType!.Name}.{p.Name}");
        refused.ShouldBeEmpty();
    }

    [Fact]
    public void A_done_step_survives_the_way_there_and_back() =>
        JsonSerializer.Deserialize<StepResult>(JsonSerializer.Serialize(StepResult.Done, ConcertJson.Options), ConcertJson.Options).ShouldBe(StepResult.Done);

    [Theory]
    [InlineData("""{"reservationId":"01a1fe6c-da98-7386-8f2f-ca7085bc2b5f"}""")]
    [InlineData("""{"reservationId":"01a1fe6c-da98-7386-8f2f-ca7085bc2b5f","amount":"5"}""")]
    [InlineData("""{"reservationId":"01a1fe6c-da98-7386-8f2f-ca7085bc2b5f","amount":1.5}""")]
    [InlineData("""{"reservationId":"01a1fe6c-da98-7386-8f2f-ca7085bc2b5f","amount":null}""")]
    [InlineData("""{"reservationId":5,"amount":5}""")]
    [InlineData("""{"reservationId":"x","amount":5}""")]
    [InlineData("""{"reservationId":null,"amount":5}""")]
    [InlineData("[]")]
    [InlineData("null x")]
    public void Wrong_types_and_absent_members_are_refused(string json) =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<PaymentRequest>(json, ConcertJson.Options));

    [Theory]
    [InlineData("""{"email":"a\u0000","password":"b"}""", "$.email")]
    [InlineData("""{"email":"a","password":"\u0000"}""", "$.password")]
    public void Text_that_Postgres_cannot_store_is_refused_where_it_stands(string json, string path) =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<LoginRequest>(json, ConcertJson.Options)).Path.ShouldBe(path);

    [Fact]
    public void Enums_are_upper_snake_text() =>
        JsonSerializer.Serialize(PaymentStatus.CompensationStuck, ConcertJson.Options).ShouldBe("\"COMPENSATION_STUCK\"");
}
