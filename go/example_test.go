package kmsramcred_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
)

func ExampleOpen() {
	client, err := kmsramcred.Open(
		kmsramcred.WithoutFile(), kmsramcred.WithoutEnvironment(),
		kmsramcred.WithSetting("credentials_type", "ecs_ram_role"),
		kmsramcred.WithSetting("cache_client_region_id", `[{"regionId":"cn-hangzhou"}]`),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	secret, err := client.Secret("prod/robot")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(secret.Name())
	// Output: prod/robot
}

func ExampleError() {
	_, err := kmsramcred.Open(kmsramcred.WithFile("/nowhere/app.properties"), kmsramcred.WithoutEnvironment())
	var told *kmsramcred.Error
	if errors.As(err, &told) {
		fmt.Println(told.Status, told.Retryable)
	}
	fmt.Println(errors.Is(err, kmsramcred.ErrConfigMissing))
	// Output:
	// kmsramcred: config_missing false
	// true
}

func ExampleSecret_NewCall() {
	send := func(_ context.Context, _ *kmsramcred.Credential) (code string, status int) { return "", 200 } // yours

	call := func(ctx context.Context, secret *kmsramcred.Secret) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		call := secret.NewCall("Ecs", "ecs.cn-hangzhou.aliyuncs.com")
		for {
			credential, err := secret.Credential(ctx)
			if err != nil {
				return err
			}
			code, status := send(ctx, credential)
			if status == 200 {
				call.Accepted(credential.Serial())
				return nil
			}
			if !call.Refused(ctx, credential.Serial(), code, status) {
				return fmt.Errorf("the service refused: %s", code)
			}
		}
	}
	_ = call
}
