using ConcertDapr.Sidecar.Delivery;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>SubscribeTopicEventsAlpha1: a subscription as long as its stream.</summary>
internal static class SubscribeService
{
    public static GrpcServer AddSubscribe(this GrpcServer server, SidecarRuntime runtime) =>
        server.Duplex<SubscribeTopicEventsRequest, SubscribeTopicEventsResponse>(DaprService.Path("SubscribeTopicEventsAlpha1"),
            SubscribeTopicEventsRequest.Parser, (requests, write, call) => ServeAsync(runtime, requests, write, call.Cancellation));

    private static async Task ServeAsync(SidecarRuntime runtime, IAsyncEnumerable<SubscribeTopicEventsRequest> requests,
        Func<SubscribeTopicEventsResponse, Task> write, CancellationToken cancellationToken)
    {
        await using var messages = requests.GetAsyncEnumerator(cancellationToken);
        var initial = Checked(await NextAsync(messages));
        using var stream = new EventStream(initial.PubsubName, write);
        var subscription = StreamSubscription.Create(initial.PubsubName, initial.Topic, initial.DeadLetterTopic,
            initial.Metadata.AsReadOnly(), stream.DeliverAsync);
        await using var running = await SubscribeAsync(runtime, subscription, cancellationToken);
        try
        {
            await stream.WriteAsync(new() { InitialResponse = new Empty() }, cancellationToken);
            while (true)
                stream.Answer((await NextAsync(messages)).EventProcessed ?? throw Refused("duplicate initial request received"));
        }
        finally
        {
            stream.End();
        }
    }

    /// <exception cref="RpcException">The subscriber has closed its side: daprd ends a stream that way.</exception>
    private static async Task<SubscribeTopicEventsRequest> NextAsync(IAsyncEnumerator<SubscribeTopicEventsRequest> messages) =>
        await messages.MoveNextAsync() ? messages.Current : throw Refused("EOF");

    private static SubscribeTopicEventsInitialRequest Checked(SubscribeTopicEventsRequest first) => first.InitialRequest switch
    {
        null => throw Refused("initial request is required"),
        { PubsubName: "" } => throw Refused("pubsubName is required"),
        { Topic: "" } => throw Refused("topic is required"),
        var initial => initial,
    };

    private static async Task<IAsyncDisposable> SubscribeAsync(SidecarRuntime runtime, StreamSubscription subscription, CancellationToken cancellationToken)
    {
        try
        {
            return await runtime.Subscriptions.SubscribeStreamAsync(subscription, cancellationToken);
        }
        catch (DaprError e)
        {
            throw e.ToRpc();
        }
    }

    private static RpcException Refused(string message) => GrpcFraming.Error(StatusCode.Unknown, message);
}
