using ConcertDapr.Wire.Runtime;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Verdict = ConcertDapr.Wire.Runtime.TopicEventResponse.Types.TopicEventResponseStatus;

namespace ConcertDapr.Tests.GrpcApi;

/// <summary>Subscriptions that last as long as their stream.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task An_event_comes_over_the_stream_and_is_answered_there()
    {
        await using var t = await GrpcSidecar.StartAsync();
        await using var stream = await SubscribeAsync(t, "seats");
        await PublishAsync(t, "seats", """{"row":"C"}""", "application/json");
        var seat = (await stream.NextAsync()).EventMessage;
        (seat.Topic, seat.PubsubName, seat.Path, seat.Type).ShouldBe(("seats", "bus", "/", "com.dapr.event.sent"));
        seat.Data.ToStringUtf8().ShouldBe("""{"row":"C"}""");
        seat.Extensions.Fields["pubsubname"].StringValue.ShouldBe("bus");
        seat.Extensions.Fields.Keys.ShouldNotContain("data");
        await PublishAsync(t, "seats", "next", "text/plain");
        Answer(stream, seat.Id, Verdict.Success);
        (await stream.NextAsync()).EventMessage.Data.ToStringUtf8().ShouldBe("next");
        var metadata = await t.DaprAsync("GetMetadata", new GetMetadataRequest(), GetMetadataResponse.Parser);
        metadata.Subscriptions.Select(one => (one.Topic, one.Type)).ShouldBe([("seats", PubsubSubscriptionType.Streaming)]);
    }

    [Theory]
    [InlineData("application/octet-stream", "\u0001\u0002")]
    [InlineData("text/plain; charset=utf-8", "Füße")]
    [InlineData("application/json", "[1,\"two\",null]")]
    public async Task Data_arrive_as_they_were_published(string contentType, string text)
    {
        await using var t = await GrpcSidecar.StartAsync();
        await using var stream = await SubscribeAsync(t, "kinds");
        await PublishAsync(t, "kinds", text, contentType);
        var message = (await stream.NextAsync()).EventMessage;
        (message.DataContentType, message.Data.ToStringUtf8()).ShouldBe((contentType, text));
    }

    [Fact]
    public async Task A_ready_made_event_keeps_its_fields_and_extensions()
    {
        await using var t = await GrpcSidecar.StartAsync();
        await using var stream = await SubscribeAsync(t, "made");
        await PublishAsync(t, "made", """{"id":"e-9","source":"till","type":"sold","specversion":"1.0","datacontenttype":"application/json","data":{"n":2},"gate":"north","count":3}""",
            "application/cloudevents+json");
        var message = (await stream.NextAsync()).EventMessage;
        (message.Id, message.Source, message.Type, message.SpecVersion).ShouldBe(("e-9", "till", "sold", "1.0"));
        message.Data.ToStringUtf8().ShouldBe("""{"n":2}""");
        (message.Extensions.Fields["gate"].StringValue, message.Extensions.Fields["count"].NumberValue).ShouldBe(("north", 3));
    }

    [Theory]
    [InlineData(Verdict.Retry)]
    [InlineData(Verdict.Drop)]
    public async Task What_is_not_taken_goes_to_the_dead_letter_topic(Verdict verdict)
    {
        await using var t = await GrpcSidecar.StartAsync();
        await using var dead = await SubscribeAsync(t, "lost");
        await using var stream = await SubscribeAsync(t, "work", "lost");
        await PublishAsync(t, "work", "7", "application/json");
        var message = (await stream.NextAsync()).EventMessage;
        Answer(stream, message.Id, verdict);
        (await dead.NextAsync()).EventMessage.Id.ShouldBe(message.Id);
    }

    [Theory]
    [InlineData("", "t", StatusCode.Unknown, "pubsubName is required")]
    [InlineData("bus", "", StatusCode.Unknown, "topic is required")]
    [InlineData("nobody", "t", StatusCode.InvalidArgument, "pubsub nobody is not found")]
    public async Task A_subscription_to_nothing_is_refused(string pubsub, string topic, StatusCode code, string message)
    {
        await using var t = await GrpcSidecar.StartAsync();
        await using var stream = t.Duplex<SubscribeTopicEventsRequest, SubscribeTopicEventsResponse>("SubscribeTopicEventsAlpha1");
        stream.Send(new() { InitialRequest = new() { PubsubName = pubsub, Topic = topic } });
        var error = await Should.ThrowAsync<RpcException>(() => stream.NextAsync());
        (error.StatusCode, error.Status.Detail).ShouldBe((code, message));
    }

    [Fact]
    public async Task The_first_message_names_the_topic_and_no_later_one_does()
    {
        await using var t = await GrpcSidecar.StartAsync();
        await using var silent = t.Duplex<SubscribeTopicEventsRequest, SubscribeTopicEventsResponse>("SubscribeTopicEventsAlpha1");
        Answer(silent, "x", Verdict.Success);
        (await Should.ThrowAsync<RpcException>(() => silent.NextAsync())).Status.Detail.ShouldBe("initial request is required");
        await using var twice = await SubscribeAsync(t, "t");
        Answer(twice, "nobody asked", Verdict.Success);
        twice.Send(new() { InitialRequest = new() { PubsubName = "bus", Topic = "t" } });
        (await Should.ThrowAsync<RpcException>(() => twice.NextAsync())).Status.Detail.ShouldBe("duplicate initial request received");
    }

    [Fact]
    public async Task A_stream_that_its_subscriber_closes_ends_the_subscription()
    {
        await using var t = await GrpcSidecar.StartAsync();
        var stream = await SubscribeAsync(t, "t");
        stream.Finish();
        var end = await Should.ThrowAsync<RpcException>(() => stream.NextAsync());
        (end.StatusCode, end.Status.Detail).ShouldBe((StatusCode.Unknown, "EOF"));
        (await t.DaprAsync("GetMetadata", new GetMetadataRequest(), GetMetadataResponse.Parser)).Subscriptions.ShouldBeEmpty();
    }

    private static async Task<DuplexCall<SubscribeTopicEventsRequest, SubscribeTopicEventsResponse>> SubscribeAsync(
        GrpcSidecar t, string topic, string deadLetterTopic = "")
    {
        var stream = t.Duplex<SubscribeTopicEventsRequest, SubscribeTopicEventsResponse>("SubscribeTopicEventsAlpha1");
        stream.Send(new() { InitialRequest = new() { PubsubName = "bus", Topic = topic, DeadLetterTopic = deadLetterTopic } });
        (await stream.NextAsync()).InitialResponse.ShouldNotBeNull();
        return stream;
    }

    private static Task<Empty> PublishAsync(GrpcSidecar t, string topic, string data, string contentType) => t.DaprAsync("PublishEvent",
        new PublishEventRequest { PubsubName = "bus", Topic = topic, Data = ByteString.CopyFromUtf8(data), DataContentType = contentType }, Empty.Parser);

    private static void Answer(DuplexCall<SubscribeTopicEventsRequest, SubscribeTopicEventsResponse> stream, string id, Verdict verdict) =>
        stream.Send(new() { EventProcessed = new() { Id = id, Status = new() { Status = verdict } } });
}
